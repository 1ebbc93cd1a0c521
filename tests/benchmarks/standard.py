"""The standard engine's whole prediction beside a bare forward pass of the encoder over the same tokens.

    python tests/benchmarks/standard.py DATA [--limit 200]

Measures stories of about 600 words; prints stories a second and the ratio of the two times (1.0 would be free).
"""

from __future__ import annotations

import argparse
import time

import torch

from inference import Copydesk
from models.encoder import BATCH_TOKENS, Window, batches_of, collate_windows, pack_sentences
from models.story import passages, read_story
from training.data import read_articles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--limit", type=int, default=200)
    arguments = parser.parse_args()
    texts = [" ".join(text.split()[:600]) for text in read_articles(arguments.data).texts if len(text.split()) >= 600]
    texts = texts[: arguments.limit]
    desk = Copydesk.from_pretrained()
    assert desk.topics is not None
    encoder = desk.topics.scorer.encoder
    desk.predict(texts[:8])

    start = time.perf_counter()
    desk.predict(texts)
    whole = time.perf_counter() - start

    ids = encoder.tokenize([passages(read_story(text)) for text in texts]).ids
    windows = [
        Window(story, first, stop, sum(map(len, sentences[first:stop])))
        for story, sentences in enumerate(ids)
        for first, stop in pack_sentences([len(sentence) for sentence in sentences], encoder.capacity)
    ]
    windows.sort(key=lambda window: window.tokens)
    batches = [
        collate_windows([ids[w.story][w.first : w.stop] for w in batch], encoder.prefix, encoder.suffix)
        for batch in batches_of(windows, BATCH_TOKENS, 2)
    ]
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in batches:
            encoder.module(input_ids=batch.input_ids, attention_mask=batch.attention_mask())
    bare = time.perf_counter() - start
    print(f"{len(texts)} stories of 600 words, {torch.get_num_threads()} threads, {encoder.dtype}")
    print(f"whole prediction {len(texts) / whole:.1f} stories/s; bare forward pass {len(texts) / bare:.1f}/s")
    print(f"ratio whole / bare: {whole / bare:.3f}")


if __name__ == "__main__":
    main()
