"""Models from strangers: nothing is executed, every damage is told, and no config is believed."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from models.artefact import ADAPTER, CARD, CONFIG, TENSORS, TRAINING, dump_json
from models.errors import ModelError
from models.standard import EncoderSpec
from models.summary import SummaryModel
from models.topics import TopicModel

ROOT = Path(__file__).parents[2]
MODELS = ("topics-fast", "topics-standard", "summariser-fast", "summariser-standard")
CORRUPTIONS = 36  # of each file: 4 models of 4 or 5 files make more than 600


def load(folder: Path) -> Any:
    return TopicModel.load(folder) if folder.name.startswith("topics") else SummaryModel.load(folder)


@pytest.fixture
def folder(request: pytest.FixtureRequest, tiny_models: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_models[request.param], tmp_path / request.param))


# Nothing is executed -------------------------------------------------------------------------------------------------

FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "h5py"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_METHODS = {("torch", "load"), ("yaml", "load"), ("pandas", "read_pickle"), ("pd", "read_pickle")}


def violations(source: str) -> list[str]:
    """Whatever could execute what a file holds."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")[0]
            imported = {(module, name.name) for name in node.names}
            found += [module] if module in FORBIDDEN_MODULES else []
            found += [".".join(pair) for pair in imported & (FORBIDDEN_METHODS | {("numpy", "load")})]
        elif isinstance(node, ast.Call):
            name = node.func
            if isinstance(name, ast.Name) and name.id in FORBIDDEN_CALLS:
                found.append(name.id)
            if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name):
                found += [f"{name.value.id}.{name.attr}"] if (name.value.id, name.attr) in FORBIDDEN_METHODS else []
            for keyword in node.keywords:
                allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                if keyword.arg in ("allow_pickle", "trust_remote_code") and not allowed:
                    found.append(str(keyword.arg))
    return found


def test_no_module_can_execute_what_a_file_holds() -> None:
    modules = [path for package in ("models", "inference", "training") for path in (ROOT / package).rglob("*.py")]
    assert len(modules) > 40
    found = {str(path.relative_to(ROOT)): violations(path.read_text(encoding="utf-8")) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import numpy as np; np.load(f, allow_pickle=True)",
        "import torch; torch.load(f)",
        "from torch import load",
        "eval(text)",
        "exec(text)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
    ],
)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert violations(source)
    assert not violations("import json; re.compile(x); model.eval(); np.load(f, allow_pickle=False)")


# Every damage is told ------------------------------------------------------------------------------------------------


def damaged(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole)
    place = rng.randrange(len(data))
    match rng.randrange(6):
        case 0:
            data[place] ^= 1 << rng.randrange(8)
        case 1:
            data[place] = rng.randrange(256)
        case 2:
            del data[place:]
        case 3:
            data[place:place] = rng.randbytes(rng.randrange(1, 9))
        case 4:
            length = min(len(data) - place, 64)
            data[place : place + length] = bytes(length)
        case _:
            other = rng.randrange(len(data))
            data[place], data[other] = data[other], data[place]
    return bytes(data)


@pytest.mark.parametrize("folder", MODELS, indirect=True)
def test_every_damage_to_every_file_is_one_clear_error(folder: Path) -> None:
    rng = random.Random(13)
    for file in sorted(path for path in folder.iterdir() if path.name != CARD):
        whole, told = file.read_bytes(), 0
        while told < CORRUPTIONS:
            data = damaged(whole, rng)
            if data == whole or (file.name == CONFIG and same_json(data, whole)):
                continue
            file.write_bytes(data)
            with pytest.raises(ModelError, match=file.name.replace(".", r"\.")):
                load(folder)
            told += 1
        file.write_bytes(whole)
    load(folder)


def same_json(data: bytes, whole: bytes) -> bool:
    """Whether damage fell on white space alone."""
    try:
        return bool(json.loads(data) == json.loads(whole))
    except (ValueError, RecursionError):
        return False


@pytest.mark.parametrize("folder", MODELS, indirect=True)
def test_a_file_that_is_missing_or_a_folder_or_a_link_to_nothing_is_named(folder: Path) -> None:
    for file in sorted(folder.iterdir()):
        whole = file.read_bytes()
        for spoil in (lambda path: None, lambda path: path.mkdir(), lambda path: path.symlink_to("nowhere")):
            file.unlink()
            spoil(file)
            with pytest.raises(ModelError, match=file.name.replace(".", r"\.")):
                load(folder)
            if file.is_dir():
                file.rmdir()
            else:
                file.unlink(missing_ok=True)
            file.write_bytes(whole)


# No config is believed -----------------------------------------------------------------------------------------------


def sign(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a config and make its hashes right again, as a stranger can."""
    path = folder / CONFIG
    config = json.loads(path.read_bytes())
    change(config)
    config.pop("config_sha256", None)
    for name, entry in config["files"].items() if isinstance(config.get("files"), dict) else ():
        if isinstance(entry, dict) and (folder / name).is_file():
            data = (folder / name).read_bytes()
            entry.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    try:
        config["config_sha256"] = hashlib.sha256(dump_json(config).encode()).hexdigest()
    except ValueError:  # NaN has no place in JSON: the reader must say so
        config["config_sha256"] = "0" * 64
    path.write_text(json.dumps(config, sort_keys=True), encoding="utf-8")


NEVER: list[Any] = [10**400, 1e300, float("nan"), float("inf"), [[]], [None], ["x"], {"a": []}]
SELDOM: list[Any] = [None, True, "x", -1, {}, ...]  # ... leaves the value out
FREE = {"card", "config_sha256", "format", "files", "task", "engine"}  # looked at elsewhere


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in a config, of lists only to the first item."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else list(enumerate(value))[:1] if isinstance(value, list) else []
    return found + [place for name, item in items for place in places(item, (*path, name))]


@pytest.mark.parametrize("folder", MODELS, indirect=True)
def test_no_value_of_another_kind_gets_past_the_loader(folder: Path) -> None:
    """Some values may be replaced by others that mean something; whatever they are, loading never breaks."""
    whole = (folder / CONFIG).read_bytes()
    refused = 0
    for place in places(json.loads(whole)):
        if place[0] in FREE:
            continue
        for odd in NEVER + SELDOM:
            (folder / CONFIG).write_bytes(whole)

            def change(config: dict[str, Any], place: tuple[Any, ...] = place, odd: Any = odd) -> None:
                inner: Any = config
                for name in place[:-1]:
                    inner = inner[name]
                if odd is ...:
                    del inner[place[-1]]
                else:
                    inner[place[-1]] = odd

            sign(folder, change)
            try:
                load(folder)
            except ModelError:
                refused += 1
            else:
                assert odd not in NEVER, (place, odd)
    assert refused > 50


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Set the value at the end of a path."""

    def change(config: dict[str, Any]) -> None:
        inner: Any = config
        for name in path[:-2]:
            inner = inner[name]
        inner[path[-2]] = path[-1]

    return change


def without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        inner: Any = config
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]

    return change


def single(below: object) -> Callable[[dict[str, Any]], None]:
    """Say that a story has one label, and what divides logits below 0."""

    def change(config: dict[str, Any]) -> None:
        config["exclusive"] = True
        config["calibration"] = {"kind": "temperature", "temperature": 1.0, "below": below}

    return change


CONFIGS = [
    *[(name, without("labels"), "'labels' is missing") for name in MODELS[:2]],
    *[(name, put("labels", ["a", "a"]), "'labels'.*distinct strings") for name in MODELS[:2]],
    *[(name, put("thresholds", [0.5]), "'thresholds' has 1 numbers") for name in MODELS[:2]],
    *[(name, put("thresholds", 0, float("nan")), "damaged") for name in MODELS[:2]],
    *[(name, put("thresholds", 0, 7), "'thresholds'.*from 0 to 1") for name in MODELS[:2]],
    *[(name, put("lead_threshold", "0.3"), "'lead_threshold' is '0.3', expected a number") for name in MODELS[:2]],
    *[(name, put("strange_limit", -1), "'strange_limit' is -1, expected a number") for name in MODELS[:2]],
    *[(name, put("calibration", "a", [1.0]), "'calibration', 'a' has 1 numbers") for name in MODELS[:2]],
    *[(name, put("exclusive", True), "expected 'temperature'") for name in MODELS[:2]],
    *[(name, single(-1), "'below' is -1, expected a number") for name in MODELS[:2]],
    *[(name, put("rules", "auto_most", "3"), "'auto_most' as a number") for name in MODELS[2:]],
    *[(name, put("rules", "shell", "rm"), "rules among") for name in MODELS[2:]],
    *[(name, put("ranker", [1]), "'ranker' is .*expected an object") for name in MODELS[2:]],
    *[(name, put("ranker", "features", ["words"]), "other features of briefs") for name in MODELS[2:]],
    *[(name, put("ranker", "leaning_cost", "much"), "'ranker', 'leaning_cost' is 'much'") for name in MODELS[2:]],
    *[(name, put("engine", "abacus"), "engine 'abacus' is unknown") for name in MODELS],
    *[(name, put("files", "../../secret", {"bytes": 1, "sha256": ""}), "no model has") for name in MODELS],
    *[(name, put("files", "/etc/passwd", {"bytes": 1, "sha256": ""}), "no model has") for name in MODELS],
    *[(name, put("files", TENSORS, "bytes.."), r"entry of 'model\.safetensors' is malformed") for name in MODELS],
    *[(name, put("files", []), "not the config") for name in MODELS],
    ("topics-standard", put("hidden", 10**9), "'hidden' is 1000000000, expected a whole number"),
    ("topics-standard", put("hidden", 16_384), "'topics.label.weight' has shape"),
    ("topics-standard", put("units", 16_385), "'units' is 16385, expected a whole number"),
    ("topics-standard", put("units", "7"), "'units' is '7', expected a whole number"),
    ("topics-standard", put("units", 7), "'topics.up.weight' has shape"),
    ("summariser-standard", put("width", 16_384), "'summary.project.weight' has shape"),
    ("summariser-standard", put("hidden", 16_384), "'summary.project.weight' has shape"),
    ("summariser-standard", put("layers", 12), "layers.2.linear1.weight' is missing"),
    ("topics-standard", put("encoder", "name", "a\x00b"), "'encoder', 'name'"),
    ("topics-standard", put("encoder", "adapter_scale", "2"), "'encoder', 'adapter_scale'"),
    ("topics-standard", put("encoder", "adapter_scale", 3.0), "adapter does not match"),
]


@pytest.mark.parametrize(("folder", "change", "message"), CONFIGS, indirect=["folder"])
def test_what_is_wrong_with_a_config_is_said(
    folder: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    sign(folder, change)
    with pytest.raises(ModelError, match=message):
        load(folder)


def rewrite(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    sign(folder, lambda config: None)


def header(shape: list[int], length: int = 4) -> bytes:
    text = json.dumps({"coef": {"dtype": "F32", "shape": shape, "data_offsets": [0, length]}}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(length)


@pytest.mark.parametrize("folder", MODELS, indirect=True)
@pytest.mark.parametrize(
    "data",
    [b"", b"\xff" * 64, header([2**40]), header([2**62, 4]), (2**63).to_bytes(8, "little") + b"{}", header([1])],
    ids=["empty", "noise", "terabytes", "overflow", "endless", "other"],
)
def test_tensors_that_are_none_are_refused_before_they_take_memory(folder: Path, data: bytes) -> None:
    rewrite(folder, TENSORS, data)
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        load(folder)


@pytest.mark.parametrize("folder", MODELS, indirect=True)
def test_every_tensor_is_looked_at(folder: Path) -> None:
    tensors = safetensors.numpy.load((folder / TENSORS).read_bytes())
    for name, values in tensors.items():
        changes = {"gone": None, "longer": np.concatenate([values, values])}
        if values.dtype.kind == "f":
            spoilt = values.copy()
            spoilt.ravel()[-1] = np.nan
            changes["NaN"] = spoilt
            changes["too large"] = np.full(values.shape, 1e300)
            changes["complex"] = np.full(values.shape, np.nan, np.complex64)
        for changed in changes.values():
            rest = {key: value for key, value in tensors.items() if key != name}
            rewrite(folder, TENSORS, safetensors.numpy.save(rest if changed is None else {**rest, name: changed}))
            with pytest.raises(ModelError):
                load(folder)


@pytest.mark.parametrize("folder", MODELS, indirect=True)
@pytest.mark.parametrize("data", [b"[]", b"{", b"[" * 200_000, b"\xff\xfe"])
def test_a_record_of_training_that_is_none_is_named(folder: Path, data: bytes) -> None:
    rewrite(folder, TRAINING, data)
    with pytest.raises(ModelError, match=r"training\.json"):
        load(folder)


@pytest.mark.parametrize("folder", ["topics-standard"], indirect=True)
def test_an_adapter_that_is_not_finite_is_named(folder: Path) -> None:
    adapter = safetensors.numpy.load((folder / ADAPTER).read_bytes())
    name = sorted(adapter)[0]
    adapter[name] = np.full_like(adapter[name], np.inf)
    fingerprint = EncoderSpec(
        sha256=json.loads((folder / CONFIG).read_bytes())["encoder"]["sha256"], adapter=adapter, scale=2.0
    ).fingerprint
    (folder / ADAPTER).write_bytes(safetensors.numpy.save(adapter))
    sign(folder, put("encoder", "fingerprint", fingerprint))
    with pytest.raises(ModelError, match=r"adapter\.safetensors.*not finite"):
        load(folder)
