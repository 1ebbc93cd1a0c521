"""Stories of 600 words a second through `Copydesk.stream`, and the time from start to first result.

    python tests/benchmarks/throughput.py [DATA] [--engine fast standard] [--stories 400] [--repeats 3]

Prints for each engine the median of the repeats; for the standard one also the bare forward pass of its encoder over
the same tokens, and the whole prediction's time as a multiple of it (1.0 would be free): first the pass of the plain
`transformers` module over padded batches, then the engine's own over one window after another. The three take turns,
so that a busy machine slows all of them. Without DATA the stories are made of those in seeds/. The start is that of a
fresh process, from its command to the end of the first prediction.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inference import Copydesk

WORDS = 600
ROOT = Path(__file__).parents[2]
START = "import sys; from inference import Copydesk; Copydesk.from_pretrained(engine=sys.argv[1]).predict(sys.argv[2])"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?")
    parser.add_argument("--engine", nargs="+", choices=["fast", "standard"], default=["fast", "standard"])
    parser.add_argument("--stories", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    texts = stories(arguments.data, arguments.stories)
    for engine in arguments.engine:
        some = texts if engine == "fast" else texts[: max(8, len(texts) // 4)]
        desk = Copydesk.from_pretrained(engine=engine)
        desk.predict(some[:8])
        works = {"whole": lambda desk=desk, some=some: collections.deque(desk.stream(some), 0)}
        works |= bare_passes(desk, some) if engine == "standard" else {}
        seconds = medians(works, arguments.repeats)
        whole = seconds.pop("whole")
        print(f"{engine}: {len(some) / whole:.1f} stories/s of {WORDS} words ({len(some)} stories)")
        for name, bare in seconds.items():
            print(f"{engine}: bare pass, {name}, {len(some) / bare:.1f} stories/s; whole / bare {whole / bare:.3f}")
        command = [sys.executable, "-c", START, engine, some[0]]
        start = medians({"start": lambda command=command: subprocess.run(command, check=True, cwd=ROOT)}, 5)
        print(f"{engine}: start to first result {start['start']:.2f} s")


def stories(data: str | None, n: int) -> list[str]:
    """Texts of exactly 600 words, as sentences run."""
    if data is None:
        paths = sorted((ROOT / "seeds" / "stories").glob("*.txt"))
        words = itertools.cycle(" ".join(path.read_text(encoding="utf-8") for path in paths).split(" "))
        return [" ".join(itertools.islice(words, WORDS)) for _ in range(n)]
    from training.data import read_articles

    long = (text.split(" ") for text in read_articles(data).texts if len(text.split(" ")) >= WORDS)
    found = [" ".join(words[:WORDS]) for words in itertools.islice(long, n)]
    return [text for text, _ in zip(itertools.cycle(found), range(n), strict=False)]


def medians(works: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Seconds of each, in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            begin = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(found) for name, found in seconds.items()}


def bare_passes(desk: Copydesk, texts: list[str]) -> dict[str, Callable[[], Any]]:
    """Forward passes over the windows that a prediction reads, tokenised and laid out beforehand."""
    import torch

    from models.workers import side_by_side

    assert desk.topics is not None
    encoder = desk.topics.scorer.encoder
    alone, batches = laid_out_windows(desk, texts), laid_out_windows(desk, texts, together=True)

    def plain() -> None:
        with torch.inference_mode():
            for batch in batches:
                encoder.module(input_ids=batch.input_ids, attention_mask=batch.attention_mask())

    def read(window: Any) -> None:
        with torch.inference_mode():
            encoder.forward(window)

    return {"transformers": plain, "our own": lambda: collections.deque(side_by_side(read, alone), 0)}


def laid_out_windows(desk: Copydesk, texts: list[str], *, together: bool = False) -> list[Any]:
    """The windows that the standard engine reads of some stories, one by one or in padded batches by length."""
    from models.encoder import BATCH_TOKENS, Window, batches_of, collate_windows, pack_sentences
    from models.story import read_story
    from models.topics import passages

    assert desk.topics is not None
    encoder = desk.topics.scorer.encoder
    ids = encoder.tokenize([passages(read_story(text)) for text in texts]).ids
    windows = [
        Window(story, first, stop, sum(map(len, sentences[first:stop])))
        for story, sentences in enumerate(ids)
        for first, stop in pack_sentences([len(sentence) for sentence in sentences], encoder.capacity)
    ]
    batches = [[window] for window in windows]
    if together:
        windows.sort(key=lambda window: window.tokens)
        batches = list(batches_of(windows, BATCH_TOKENS, len(encoder.prefix) + len(encoder.suffix)))
    return [
        collate_windows([ids[w.story][w.first : w.stop] for w in batch], encoder.prefix, encoder.suffix)
        for batch in batches
    ]


if __name__ == "__main__":
    main()
