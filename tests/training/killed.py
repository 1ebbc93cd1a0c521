"""Trains over and over in children that are killed, and tells what they leave; run by test_survival.py.

    python killed.py KIND ENCODER FOLDER

A process of its own, because it forks: a child has everything imported and dies within milliseconds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.artefact import Artefact, load_artefact, save_artefact
from models.errors import ModelError
from models.summary import SummaryModel
from models.topics import TopicModel
from training.data import Articles, read_articles

SEEDS = Path(__file__).parents[2] / "seeds" / "index.jsonl"
WORDS = {"sport": "goal match team striker", "weather": "rain storm wind forecast"}


def toy() -> Articles:
    texts = [f"The town said {WORDS[sorted(WORDS)[row % 2]]} again in report {row}. It went on." for row in range(40)]
    labels = [[sorted(WORDS)[row % 2]] for row in range(40)]
    return Articles("toy", list(range(40)), [str(row) for row in range(40)], [None] * 40, texts, labels, True, None)


def train(kind: str, encoder: str) -> Artefact:
    if kind == "fast-summariser":
        from training.summariser import SummariserSettings, train_summariser

        articles = read_articles(SEEDS, need={"summaries"}, limit=30)
        summariser, _, training = train_summariser(articles, settings=SummariserSettings("fast"))
        return summariser.artefact(training, "card")
    from models import fitting
    from training.topics import TopicSettings, train_topics

    engine = "fast" if kind == "fast-topics" else "standard"
    fitting.FEWEST_STEPS = 60
    model, _, training = train_topics(toy(), settings=TopicSettings(engine, encoder, background=engine == "fast"))
    return model.artefact(training, "card")


def contents(folder: Path) -> dict[str, bytes] | None:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else None


def in_child(work: Callable[[], None]) -> int | None:
    """The signal that ended the child; None where it came to its end."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(3)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(call: int) -> None:
    """Die right before (even) or right after (odd) one of the calls that change what stands on disk."""
    calls = 0

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 2
            if calls - 2 == call:
                die()
            result = function(*arguments, **named)
            if calls - 1 == call:
                die()
            return result

        return wrapped

    for module, name in ((os, "replace"), (os, "fsync"), (os, "rename"), (os, "rmdir"), (tempfile, "mkdtemp")):
        setattr(module, name, watched(getattr(module, name)))


def main() -> None:
    kind, encoder, base = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    whole, output = base / "whole", base / "output"
    # Trained in a child too: torch starts threads, and a process with threads must not fork.
    assert in_child(lambda: save_artefact(train(kind, encoder), whole)) is None
    artefact = load_artefact(whole)
    expected = contents(whole)
    load = SummaryModel.load if kind == "fast-summariser" else TopicModel.load
    kills = 0

    def check() -> None:
        found = contents(output)
        assert found is None or found == expected, sorted(found)
        if found is None:
            with pytest.raises(ModelError, match="no such folder"):
                load(output)
        else:
            load(output)

    for over in (False, True):
        for call in range(99):
            if over and not output.exists():
                save_artefact(artefact, output)

            def saving(call: int = call) -> None:
                dying_at(call)
                save_artefact(artefact, output)

            if in_child(saving) is None:
                break
            kills += 1
            check()
        else:
            raise AssertionError("the save never ends")
    rng = random.Random(13)
    for share in sorted(rng.random() for _ in range(3)):

        def training(share: float = share) -> None:
            signal.signal(signal.SIGVTALRM, die)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.01 + share * 0.3)  # processor time of this child
            save_artefact(train(kind, encoder), output)

        kills += in_child(training) is not None
        check()
    assert in_child(lambda: save_artefact(train(kind, encoder), output)) is None
    assert contents(output) == expected
    assert sorted(path.name for path in base.iterdir()) == ["output", "whole"], sorted(base.iterdir())
    print(json.dumps({"kills": kills}))


if __name__ == "__main__":
    main()
