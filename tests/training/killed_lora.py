"""Adapts an encoder over and over in children that are killed, each going on after the last; run by test_survival.py.

python killed_lora.py ENCODER FOLDER
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peft
import safetensors.torch
import torch
from killed import contents, die, in_child, toy
from transformers import Trainer, TrainerState, TrainingArguments

from models.artefact import save_artefact
from training.adaptation import adapt_encoder
from training.steps import FinetuneSettings

IMPORTED = (peft, Trainer, TrainingArguments)  # a child shall not spend its life on imports
# With such rates the loss soon rises again: the run stops early, and takes the weights of an earlier evaluation.
SETTINGS = FinetuneSettings(
    epochs=6, rank=2, alpha=4, topic_batch=8, evaluations=9, patience=2, adapter_lr=0.1, head_lr=0.1
)
WRITERS = ((torch, "save"), (safetensors.torch, "save_file"), (TrainerState, "save_to_json"), (os, "replace"))
WRITES_OF_A_CHECKPOINT = 8  # seven files, the mark among them, and an older checkpoint is removed
KILLS_IN_WRITES, KILLS_AT_RANDOM = 8, 4


def adapt(encoder: str, base: Path, *, resume: bool) -> None:
    artefact, _ = adapt_encoder(
        toy(), None, encoder=encoder, settings=SETTINGS, checkpoints=base / "checkpoints", resume=resume
    )
    save_artefact(artefact, base / "output")


def dying_at(write: int, how: str) -> None:
    """Die right before, halfway through or right after a call that writes or removes a part of a checkpoint."""
    calls = 0

    def watched(function: Callable[..., Any], cut: Callable[[Path], None]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            paths = [Path(one) for one in arguments if isinstance(one, str | Path)]
            if calls == write and how == "before":
                die()
            if calls == write and how == "halfway" and function is shutil_rmtree:
                cut(paths[0])
                die()
            result = function(*arguments, **named)
            if calls == write:
                if how == "halfway":
                    cut(paths[-1])
                die()
            return result

        return wrapped

    shutil_rmtree = shutil.rmtree
    for module, name in WRITERS:
        setattr(module, name, watched(getattr(module, name), half_a_file))
    shutil.rmtree = watched(shutil_rmtree, half_a_folder)  # type: ignore[assignment]


def half_a_file(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def half_a_folder(folder: Path) -> None:
    for path in sorted(folder.iterdir())[::2]:
        path.unlink()


def dying_after(seconds: float) -> None:
    """Have another process kill this one."""
    victim = os.getpid()
    if os.fork():
        return
    time.sleep(seconds)
    if os.getppid() == victim:
        os.kill(victim, signal.SIGKILL)
    os._exit(0)


def main() -> None:
    encoder, base = sys.argv[1], Path(sys.argv[2])
    begin = time.monotonic()
    assert in_child(lambda: adapt(encoder, base, resume=False)) is None
    undisturbed = time.monotonic() - begin
    expected = contents(base / "output")
    assert expected is not None
    steps = sorted(int(path.name.split("-")[1]) for path in (base / "checkpoints").iterdir())
    rng = random.Random(13)
    ways = list(itertools.product(range(1, WRITES_OF_A_CHECKPOINT + 1), ("before", "halfway", "after")))
    deaths = [lambda way=way: dying_at(*way) for way in rng.sample(ways, KILLS_IN_WRITES)]
    shares = [rng.random() for _ in range(KILLS_AT_RANDOM)]
    deaths += [lambda share=share: dying_after(share * undisturbed) for share in shares]
    kills, resume = 0, False
    for death in itertools.cycle(deaths):

        def child(death: Callable[[], None] = death, resume: bool = resume) -> None:
            death()
            adapt(encoder, base, resume=resume)

        resume = in_child(child) == signal.SIGKILL
        if resume:
            kills += 1
            if kills == KILLS_IN_WRITES + KILLS_AT_RANDOM:
                break
        else:  # it came to its end before its death did: begin anew
            assert contents(base / "output") == expected
            shutil.rmtree(base / "output")
        assert contents(base / "output") in (None, expected)
    assert in_child(lambda: adapt(encoder, base, resume=resume)) is None
    assert contents(base / "output") == expected
    print(json.dumps({"kills": kills, "steps": steps}))


if __name__ == "__main__":
    main()
