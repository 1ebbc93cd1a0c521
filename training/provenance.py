"""What a model's `training.json` records of how it came to be."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.artefact import TRAINING, load_artefact
from training.data import BETWEEN, Articles, fingerprint
from training.leaks import find_leaks, leak_notes, row_hashes

if TYPE_CHECKING:
    from training.evaluation import Report

LIBRARIES = ("copydesk", "numpy", "scikit-learn", "torch", "transformers", "peft", "sentencex", "rouge-score")


def library_versions() -> dict[str, str]:
    """Versions of the libraries that shape a model."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def short_name(name: str) -> str:
    """The last folder and the file of a path: enough to know the data by, and nothing of the machine."""
    return "/".join(Path(name).parts[-2:]) if "." in Path(name).name else Path(name).name


def describe_data(articles: Articles) -> dict[str, Any]:
    """Name, size, fingerprint, and the rows' hashes, by which `evaluate` knows rows the model has seen."""
    return {
        "name": BETWEEN.join(map(short_name, articles.name.split(BETWEEN))),
        "rows": len(articles),
        "fingerprint": fingerprint(articles),
        "hashes": row_hashes(articles),
    }


def provenance(settings: Any, articles: Articles, validation: Articles, report: Report) -> dict[str, Any]:
    """Data, settings, versions and validation figures of a training run, without times or machine paths.

    Where the encoder was adapted by Copydesk, how it came to be is part of it.
    """
    plain = {name: value for name, value in asdict(settings).items() if name != "cache"}
    encoder = _encoder_of(plain.get("encoder"))
    if plain.get("encoder"):
        plain["encoder"] = Path(plain["encoder"]).name
    if plain.get("teacher"):
        plain["teacher"] = Path(plain["teacher"]).name
    return {
        **encoder,
        "data": describe_data(articles),
        "validation": describe_data(validation),
        "settings": plain,
        "libraries": library_versions(),
        "report": report.to_dict(),
    }


def _encoder_of(name: str | None) -> dict[str, Any]:
    if name and (Path(name) / TRAINING).is_file():
        return {"encoder": encoder_history(load_artefact(name).training)}
    return {}


def held_out_leaks(encoder: str | None, articles: Articles, validation: Articles) -> list[str]:
    """What is to be said where a model, or its encoder, learns from rows that it is judged on."""
    leaks = find_leaks({"data": describe_data(articles), **_encoder_of(encoder)}, validation)
    return leak_notes(leaks, len(validation)) if leaks["found"] else []


def encoder_history(training: dict[str, Any]) -> dict[str, Any]:
    """How an encoder came to be, from the training.json of its folder or of a model that shares it.

    Such a model's own rows stand among the encoder's, as those of the model that ships do; an encoder passed on further
    keeps those it came with.
    """
    own = training.get("encoder")
    if not isinstance(own, dict):
        return training
    data = own.get("data") if isinstance(own.get("data"), dict) else {}
    return {**own, "data": {"model": training.get("data"), **(data or {})}}
