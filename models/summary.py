"""The summariser: a score for every sentence of a story, and the brief chosen by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact, load_artefact
from models.candidates import MOST, BriefRanker, Candidates
from models.errors import ModelError
from models.schema import check_config
from models.selection import Budget, SelectionRules, select
from models.story import Story, passages

FloatArray = NDArray[np.float32]


@dataclass(slots=True)
class SummaryModel:
    """A trained sentence scorer and the rules of choosing.

    Attributes:
        scorer: `models.standard_summary.StandardSummariser` or `models.fast_summary.FastSummariser`.
        rules: learnt limits of the choice.
        ranker: chooses among short briefs as wholes, where one was learnt.
    """

    scorer: Any
    rules: SelectionRules
    ranker: BriefRanker | None = None

    @property
    def engine(self) -> str:
        """Which engine scores: "standard" or "fast"."""
        return str(self.scorer.engine)

    def scores(self, stories: Sequence[Story], vectors: Sequence[NDArray[Any]] | None = None) -> list[FloatArray]:
        """A logit per sentence, `(n_sentences,)` per story.

        `vectors` are the sentence vectors of the stories' passages (title first, where there is one), where the caller
        has encoded them already; the fast engine needs none.
        """
        if self.engine == "fast":
            scores: list[FloatArray] = self.scorer.scores(stories)
            return scores
        if vectors is None:
            vectors = [story.vectors for story in self.scorer.encode([passages(story) for story in stories])]
        bodies = [array[1:] if story.title else array for story, array in zip(stories, vectors, strict=True)]
        scores = self.scorer.scores(bodies, stories)
        return scores

    def choose(self, logits: FloatArray, sentences: Sequence[str], budget: Budget) -> list[int]:
        """Indices of the brief's sentences, in story order.

        The best whole brief (`models.candidates`) where the budget is `auto` or a number of sentences, with further
        ones beyond the largest candidates; else one sentence after the other (`models.selection.select`).

        Raises:
            ValueError: there are more or fewer logits than sentences.
        """
        asked, best = budget.sentences, None
        if self.ranker is not None and len(sentences) > 2 and (budget.auto or asked):
            candidates = Candidates.of(logits, sentences, block_trigrams=self.rules.block_trigrams)
            best = self.ranker.best(candidates, min(asked, MOST) if asked else None)
        if best is not None and len(best) == (asked or len(best)):
            return list(best)
        return select(logits, sentences, budget, self.rules, best or ())

    def artefact(self, training: dict[str, Any], card: str) -> Artefact:
        """The model as a folder's contents."""
        config = {
            "task": "summariser",
            "engine": self.engine,
            "rules": asdict(self.rules),
            **self.scorer.config(),
        }
        tensors = self.scorer.tensors()
        if self.ranker is not None:
            config["ranker"], tensors = self.ranker.config(), {**tensors, **self.ranker.tensors()}
        return Artefact(config, tensors, training, card, self.scorer.adapter_arrays(), self.scorer.fast_arrays())

    @classmethod
    def load(cls, folder: Path | str, **options: Any) -> SummaryModel:
        """Read a summariser's folder; `options` reach the engine (encoder, dtype).

        Raises:
            ModelError: see `models.artefact.load_artefact`.
        """
        artefact = load_artefact(folder, task="summariser")
        if artefact.config["engine"] == "abstractive":
            raise ModelError(f"{folder}: holds a language model's adapter; expected a standard or fast summariser.")
        check_config(artefact)
        try:
            rules = SelectionRules(**artefact.config["rules"])
        except (KeyError, TypeError) as error:
            raise ModelError(f"{folder}: config.json has no valid 'rules' ({error}).") from error
        ranker = BriefRanker.from_artefact(artefact) if artefact.config.get("ranker") else None
        return cls(load_scorer(artefact, **options), rules, ranker)


def load_scorer(artefact: Artefact, **options: Any) -> Any:
    """The engine of a summariser's artefact; imports torch only for the standard one."""
    engine = artefact.config["engine"]
    if engine == "standard":
        from models.standard_summary import StandardSummariser

        return StandardSummariser.from_artefact(artefact, **options)
    if engine == "fast":
        from models.fast_summary import FastSummariser

        return FastSummariser.from_artefact(artefact)
    raise ModelError(f"{artefact.folder}: engine {engine!r} is unknown to this version; update copydesk.")
