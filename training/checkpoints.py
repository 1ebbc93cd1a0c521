"""Checkpoints of a fine-tuning run that may be killed at any moment: only whole ones of the same job are gone on from.

`transformers.Trainer` writes a checkpoint's files one after the other into their final folder, so a kill leaves half
of one behind. A list of the files and their sizes, written last and in one rename, tells the whole ones.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, load_model
from torch import nn
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
from transformers.utils import SAFE_WEIGHTS_NAME

from models.errors import DataError

log = logging.getLogger(__name__)
MARK = "whole.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"  # what peft calls them


class MarkWhole(TrainerCallback):
    """Writes the list of its files into every checkpoint that is complete; `job` tells whose it is."""

    def __init__(self, job: str) -> None:
        """Keep the job; see the class."""
        self.job = job

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """The trainer has written its last file."""
        folder = Path(str(args.output_dir), f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}")
        mark = {"job": self.job, "files": {path.name: path.stat().st_size for path in sorted(folder.iterdir())}}
        beside = folder / f"{MARK}.new"
        beside.write_text(json.dumps(mark), encoding="utf-8")
        os.replace(beside, folder / MARK)


def train_whole(trainer: Trainer, model: nn.Module, checkpoints: Path, job: str, *, resume: bool) -> TrainerState:
    """Train to the end, from the beginning or from the newest whole checkpoint; `model` then has the best weights.

    From the beginning, checkpoints that are there are removed.

    Raises:
        DataError: the checkpoints to go on from are of another job.
    """
    if not resume:  # whatever else lies in the folder is somebody's
        before = list(checkpoints.glob(f"{PREFIX_CHECKPOINT_DIR}-*"))
        if before:
            log.warning("%s: checkpoints of an earlier run are removed; --resume would have gone on.", checkpoints)
        for folder in before:
            shutil.rmtree(folder, ignore_errors=True)
    last = newest_whole(checkpoints, job)
    state = load_finished(model, last) if last else None
    if state is None:
        try:
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        except KeyboardInterrupt:
            kept = newest_whole(checkpoints, job)
            if kept is None:
                log.warning("Stopped before the first checkpoint; nothing is kept.")
            else:
                log.warning("Stopped; %s is kept: go on with the same command and --resume.", kept)
            raise
        state = trainer.state
    return state


def newest_whole(checkpoints: Path, job: str) -> Path | None:
    """The newest whole checkpoint, None where there is none; half ones are removed, so that nothing counts them.

    Raises:
        DataError: it is of another job.
    """
    steps: dict[int, Path] = {}
    for folder in checkpoints.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        if _files(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            steps[int(folder.name.rpartition("-")[2])] = folder
    if not steps:
        return None
    newest = steps[max(steps)]
    if json.loads((newest / MARK).read_text(encoding="utf-8"))["job"] != job:
        raise DataError(
            f"{checkpoints}: holds checkpoints of another run (its data, encoder or settings were not these); "
            "leave --resume out to begin again, or name another folder with --checkpoints."
        )
    return newest


def load_finished(model: nn.Module, checkpoint: Path) -> TrainerState | None:
    """The state of a run whose training is over by this checkpoint, its best weights now in `model`; else None.

    The trainer itself would go on for a step after an early stop, and might then find another best.
    """
    state: TrainerState = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))
    control: Any = state.stateful_callbacks  # of every kind that has one, by its name
    if not control["TrainerControl"]["args"]["should_training_stop"]:
        return None
    best = checkpoint.with_name(Path(state.best_model_checkpoint or checkpoint).name)
    if (best / ADAPTER_WEIGHTS).is_file():
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(model, load_file(best / ADAPTER_WEIGHTS))
    else:
        load_model(model, best / SAFE_WEIGHTS_NAME)
    return state


def _files(folder: Path) -> dict[str, int] | None:
    """The files of a whole checkpoint; None where one is missing or was cut short."""
    try:
        files: dict[str, int] = json.loads((folder / MARK).read_text(encoding="utf-8"))["files"]
        return files if all((folder / name).stat().st_size == size for name, size in files.items()) else None
    except (OSError, ValueError, KeyError):
        return None
