"""Labels from a teacher: stories without any are labelled by a better, slower model, for a faster one to learn from.

After Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, but with the labels that the teacher would
give: its probabilities as weights were tried, and served no better.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inference.predict import shipped
from models.artefact import load_artefact
from models.errors import DataError
from models.topics import TopicModel, full_text
from training.data import Articles
from training.leaks import find_leaks, rows_among
from training.provenance import describe_data, short_name
from training.stories import encode_stories, progress, read_stories

log = logging.getLogger(__name__)

TOGETHER = 2048


@dataclass(slots=True)
class Taught:
    """Stories, the labels a teacher gave them, the dominant one first; a record for training.json; notes to read."""

    texts: list[str] = field(default_factory=list)
    labels: list[list[str]] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def teach(
    teacher: str | None,
    articles: Articles,
    classes: Sequence[str],
    known: Sequence[Articles],
    cache: Path | None = None,
) -> Taught:
    """Have a model label articles.

    Args:
        teacher: folder of a topic model; that of the standard engine that ships when None.
        articles: to be labelled.
        classes: the labels that there are.
        known: articles whose labels are known, and last those held out: all are left out.
        cache: folder for a standard teacher's sentence vectors, see `training.stories.encode_stories`.

    Raises:
        DataError: the teacher has other labels, or gives none to any article.
        ModelError: the folder holds no sound model.
    """
    folder = teacher or str(shipped("topics", "standard"))
    model = TopicModel.load(folder)
    if model.classes_ != list(classes):
        missing, strange = sorted(set(classes) - set(model.classes_)), sorted(set(model.classes_) - set(classes))
        said = [f"it lacks {missing[:3]}"] * bool(missing) + [f"the data has no {strange[:3]}"] * bool(strange)
        raise DataError(
            f"teacher {short_name(folder)}: its labels are not those of the data ({'; '.join(said)}); train a standard "
            "model on the same data, and name that with --teacher."
        )
    stand = {row for part in known for row in rows_among(articles, part)}
    fresh = [row for row in range(len(articles)) if row not in stand]
    taught = Taught()
    labelled: list[int] = []
    stories = read_stories(articles.take(fresh))
    with progress("Labelling by the teacher", len(stories)) as advance:
        for first in range(0, len(stories), TOGETHER):
            part = stories[first : first + TOGETHER]
            vectors = None
            if model.engine == "standard":
                scorer = model.scorer
                vectors = encode_stories(scorer.spec, part, cache, layers=scorer.layers, on_progress=advance)
            else:
                advance(len(part))
            for place, (story, labels) in enumerate(zip(part, model.predict(part, vectors), strict=True), start=first):
                if labels:
                    labelled.append(fresh[place])
                    taught.texts.append(full_text(story))
                    taught.labels.append(labels)
    known_rows, unlabelled = len(articles) - len(fresh), len(fresh) - len(taught.texts)
    if not taught.texts:
        raise DataError(f"{articles.name}: the teacher gives none of the {len(articles)} articles a label.")
    log.info(
        "%s labels %d of %d articles; %d get no topic, %d stand in the data already.",
        short_name(folder),
        len(taught.texts),
        len(articles),
        unlabelled,
        known_rows,
    )
    found = find_leaks(load_artefact(folder).training, known[-1])["found"]
    learnt = {part: found[part]["count"] for part in ("training", "encoder", "taught") if part in found}
    if learnt:
        advice = "; train it with --no-refit" if set(learnt) == {"training"} else ""
        taught.notes.append(
            f"the teacher has learnt from {max(learnt.values())} of the held-out rows: the figures may be too good"
            f"{advice}."
        )
    taught.record = {
        "articles": describe_data(articles.take(labelled)),
        "teacher": short_name(folder),
        "labelled": len(taught.texts),
        "without a topic": unlabelled,
        "in the data already": known_rows,
    }
    return taught
