"""What a model's `training.json` records of how it came to be."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.data import Articles, fingerprint

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


def provenance(settings: Any, articles: Articles, validation: Articles, report: Report) -> dict[str, Any]:
    """Data, settings, versions and validation figures of a training run, without times or machine paths."""
    plain = asdict(settings)
    if plain.get("encoder"):
        plain["encoder"] = Path(plain["encoder"]).name
    return {
        "data": {"name": Path(articles.name).name, "rows": len(articles), "fingerprint": fingerprint(articles)},
        "validation": {
            "name": Path(validation.name).name,
            "rows": len(validation),
            "fingerprint": fingerprint(validation),
        },
        "settings": plain,
        "libraries": library_versions(),
        "report": report.to_dict(),
    }
