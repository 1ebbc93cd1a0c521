from __future__ import annotations

import json
import os
import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from models.artefact import Artefact, array, check_writable, load_artefact, save_artefact
from models.errors import ModelError


def make(folder: Path) -> Artefact:
    artefact = Artefact(
        {"task": "topics", "engine": "fast", "labels": ["a", "b"]},
        {"weight": np.arange(64, dtype=np.float32).reshape(2, 32)},
        {"seed": 13},
        "# Card\n",
        {"layer.lora_A": np.ones((1, 3), dtype=np.float16)},
    )
    save_artefact(artefact, folder)
    return artefact


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    artefact = make(tmp_path / "model")
    loaded = load_artefact(tmp_path / "model", task="topics")
    assert loaded.config["labels"] == ["a", "b"]
    assert np.array_equal(loaded.tensors["weight"], artefact.tensors["weight"])
    assert loaded.adapter["layer.lora_A"].dtype == np.float16
    assert (loaded.training, loaded.card) == ({"seed": 13}, "# Card\n")


def test_the_same_model_has_the_same_bytes(tmp_path: Path) -> None:
    make(tmp_path / "one")
    make(tmp_path / "two")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_saving_over_a_model_leaves_nothing_else_behind(tmp_path: Path) -> None:
    make(tmp_path / "model")
    make(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_is_no_model_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(ModelError, match="not a model folder"):
        make(tmp_path / "photos")
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"


def test_what_lies_beside_a_model_is_not_lost_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    artefact = make(folder)
    (folder / ".DS_Store").write_bytes(b"x")
    make(folder)
    (folder / "report").mkdir()
    (folder / "notes.md").write_text("mine", encoding="utf-8")
    for write in (check_writable, partial(save_artefact, artefact)):
        with pytest.raises(ModelError, match=r"holds notes\.md, report beside its model"):
            write(folder)
    assert (folder / "notes.md").read_text(encoding="utf-8") == "mine"


def test_a_card_may_be_added_to_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    make(folder)
    with (folder / "README.md").open("a", encoding="utf-8") as card:
        card.write("Trained by the night desk.\n")
    assert load_artefact(folder).card == "# Card\nTrained by the night desk.\n"
    (folder / "README.md").write_bytes(b"caf\xe9")
    assert load_artefact(folder).card == "caf\ufffd"
    with (folder / "training.json").open("a", encoding="utf-8") as training:
        training.write("\n")
    with pytest.raises(ModelError, match=r"training\.json: damaged"):
        load_artefact(folder)


def test_a_failed_save_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "model")
    before = (tmp_path / "model" / "config.json").read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelError, match="No space left"):
        make(tmp_path / "model")
    monkeypatch.undo()
    assert (tmp_path / "model" / "config.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    load_artefact(tmp_path / "model")


def test_every_damaged_byte_is_noticed_and_its_file_named(tmp_path: Path) -> None:
    make(tmp_path / "model")
    rng = random.Random(13)
    for file in sorted((tmp_path / "model").iterdir()):
        if file.name == "README.md":
            continue  # for people, who may write into it
        whole = file.read_bytes()
        for _ in range(40):
            damaged = bytearray(whole)
            if rng.random() < 0.2:
                damaged = damaged[: rng.randrange(len(damaged))]
            else:
                damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
            file.write_bytes(bytes(damaged))
            with pytest.raises(ModelError, match=file.name.replace(".", r"\.")):
                load_artefact(tmp_path / "model")
        file.write_bytes(whole)
    load_artefact(tmp_path / "model")


def test_a_missing_file_and_a_wrong_task_are_named(tmp_path: Path) -> None:
    make(tmp_path / "model")
    with pytest.raises(ModelError, match="expected one for 'summariser'"):
        load_artefact(tmp_path / "model", task="summariser")
    (tmp_path / "model" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        load_artefact(tmp_path / "model")
    with pytest.raises(ModelError, match="no such folder"):
        load_artefact(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "pickle.bin"])
def test_files_outside_the_model_are_never_read(tmp_path: Path, name: str) -> None:
    make(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    config["files"][name] = {"bytes": 3, "sha256": "0" * 64}
    del config["config_sha256"]
    import hashlib

    from models.artefact import dump_json

    config["config_sha256"] = hashlib.sha256(dump_json(config).encode()).hexdigest()
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match="no model has"):
        load_artefact(tmp_path / "model")


def test_a_newer_format_says_update(tmp_path: Path) -> None:
    make(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(ModelError, match="update copydesk"):
        load_artefact(tmp_path / "model")


def test_tensors_are_checked_for_shape_and_sanity() -> None:
    tensors = {"w": np.zeros((2, 3)), "bad": np.array([np.nan])}
    assert array(tensors, "w", (2, None)).shape == (2, 3)
    with pytest.raises(ModelError, match="shape"):
        array(tensors, "w", (3, 3))
    with pytest.raises(ModelError, match="missing"):
        array(tensors, "v", (1,))
    with pytest.raises(ModelError, match="finite"):
        array(tensors, "bad", (1,))
