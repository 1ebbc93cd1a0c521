"""Copydesk in Python: one story in, one Prediction out; a list in, a list of the same length out."""

from __future__ import annotations

import itertools
import logging
import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from inference.digest import Digest, make_digest
from inference.engines import SummaryEngine
from inference.explain import make_explanation
from inference.prediction import Explanation, Prediction, Scored, SentenceScore
from inference.writing import open_summariser, write
from models import selection
from models.errors import ModelError
from models.headline import headline
from models.language import foreign_language
from models.selection import Budget
from models.story import Story, passages, read_story, several
from models.summary import SummaryModel
from models.topics import FEWEST_WORDS, TopicModel, labelable

if TYPE_CHECKING:
    from models.abstractive import Writer

log = logging.getLogger(__name__)

ENGINES = tuple(engine.value for engine in SummaryEngine)
STREAM_WINDOW = 256
WRITING_WINDOW = 8
Input = str | Mapping[str, Any] | Story


def shipped(task: str, engine: str) -> Path:
    """The folder of a model that ships with Copydesk; `task` is "topics", "summariser" or "headline"."""
    if task == "topics" and engine == "abstractive":
        engine = "standard"  # it only writes
    return Path(selection.__file__).parent / "pretrained" / f"{task}-{engine}"


class Copydesk:
    """Labels and summarises stories.

    Args:
        topics: the topic model, or None for no topics.
        summariser: the summariser, or None for no briefs.
        budget: how long a brief is, unless a call says otherwise.
        thresholds: one probability for every label, or some labels' own; the model's where missing.
        clean: whether noise (datelines, captions, link lists) is removed first.
        writers: language models that write briefs or headlines in their own words, see `inference.writing`.

    Raises:
        DataError: thresholds are of a label that the model does not know, or not between 0 and 1.
        TypeError: thresholds are true or false.
    """

    def __init__(
        self,
        topics: TopicModel | None,
        summariser: SummaryModel | None,
        *,
        budget: Budget | None = None,
        thresholds: float | Mapping[str, float] | None = None,
        clean: bool = True,
        writers: Sequence[Writer] = (),
    ) -> None:
        """Keep the models; see the class for the arguments."""
        self.topics = topics
        self.summariser = summariser
        self.budget = budget or Budget()
        if isinstance(thresholds, bool):  # which Python takes for a number
            raise TypeError(f"thresholds: expected a number, or a mapping of labels to numbers, not {thresholds}")
        self.thresholds = topics.override(thresholds) if topics and thresholds is not None else None
        self.clean = clean
        self.writers = tuple(writers)

    @classmethod
    def from_pretrained(
        cls,
        topics: str | Path | None = None,
        summariser: str | Path | None = None,
        *,
        engine: str = "standard",
        budget: Budget | None = None,
        thresholds: float | Mapping[str, float] | None = None,
        clean: bool = True,
    ) -> Copydesk:
        """Load models: the shipped ones of an engine, or your own folders in their place.

        A summariser's folder may be of any engine. Beside one that writes, the shipped standard summariser chooses what
        it sees, and with `engine="abstractive"` the shipped writer of headlines works too.

        Raises:
            ModelError: there is no such engine, a folder holds no sound model, or an extra is not installed.
        """
        if engine not in ENGINES:
            raise ModelError(f"engine {engine!r} is unknown; choose one of {', '.join(ENGINES)}.")
        model, writers = open_summariser(
            summariser or shipped("summariser", engine),
            shipped("summariser", "standard"),
            shipped("headline", engine) if engine == "abstractive" else None,
        )
        return cls(
            TopicModel.load(topics or shipped("topics", engine)),
            model,
            budget=budget,
            thresholds=thresholds,
            clean=clean,
            writers=writers,
        )

    def with_thresholds(self, thresholds: float | Mapping[str, float] | None) -> Copydesk:
        """The same models, not loaded again, with other thresholds.

        Args:
            thresholds: one for every label; or some labels' own, the others keeping what they have here; or None for
                those of the model.

        Raises:
            DataError: a label is unknown, or a threshold is not between 0 and 1.
            TypeError: it is true or false.
        """
        if isinstance(thresholds, Mapping) and self.topics is not None and self.thresholds is not None:
            thresholds = dict(zip(self.topics.classes_, self.thresholds.tolist(), strict=True)) | dict(thresholds)
        return Copydesk(
            self.topics,
            self.summariser,
            budget=self.budget,
            thresholds=thresholds,
            clean=self.clean,
            writers=self.writers,
        )

    @property
    def window(self) -> int:
        """How many stories are read at once; few where a language model takes seconds for each."""
        return WRITING_WINDOW if self.writers else STREAM_WINDOW

    @overload
    def predict(self, stories: Input, *, budget: Budget | None = None) -> Prediction: ...
    @overload
    def predict(self, stories: Sequence[Any], *, budget: Budget | None = None) -> list[Prediction]: ...
    def predict(self, stories: Any, *, budget: Budget | None = None) -> Prediction | list[Prediction]:
        """Label and summarise.

        Args:
            stories: a text (plain or HTML), a mapping with "text" and perhaps "title", or a list of such. In a list
                anything else gets an empty Prediction with a warning, so that no row shifts.
            budget: how long a brief is.

        Returns:
            A Prediction for a story, a list for a list.

        Raises:
            TypeError: a single story is of a wrong type, or it is a table.
        """
        if isinstance(stories, (str, Mapping, Story)):
            self._read(stories)  # a single wrong type is the caller's mistake
            return self._predict([stories], budget)[0]
        return list(self.stream(several(stories, "predict"), budget=budget))

    def stream(
        self, stories: Iterable[Any], *, budget: Budget | None = None, window: int | None = None
    ) -> Iterator[Prediction]:
        """Predictions of any number of stories, in order, holding at most `window` stories in memory.

        Raises:
            TypeError: it is one story, or a table, and not stories.
        """
        return self._stream(iter(several(stories, "stream")), budget, window or self.window)

    def _stream(self, iterator: Iterator[Any], budget: Budget | None, window: int) -> Iterator[Prediction]:
        while batch := list(itertools.islice(iterator, window)):
            yield from self._predict(batch, budget)

    def digest(self, stories: Sequence[Any], *, budget: Budget | None = None) -> Digest:
        """One brief of several stories about the same event, without repeating itself.

        Args:
            stories: inputs as of `predict`; one that seems to be about something else is left out, with a warning.
            budget: how long the digest is; at most five sentences when it is missing.

        Raises:
            TypeError: it is one story, or a table, and not stories.
        """
        return make_digest(self, list(several(stories, "digest")), budget or self.budget)

    def explain(self, story: Input, label: str) -> Explanation:
        """What each part of a story adds to a label's logit.

        Raises:
            DataError: the model does not know the label.
            ModelError: there is no topic model.
            TypeError: it is no story.
        """
        return make_explanation(self, self._read(story), label)

    def _read(self, story: Any) -> Story:
        """The story of an input.

        Raises:
            TypeError: it is no story.
        """
        if isinstance(story, Story):
            return story
        title = None
        if isinstance(story, Mapping):
            title, story = story.get("title"), story.get("text")
        if not isinstance(story, str):
            raise TypeError(f"expected a story (str, or a mapping with 'text'), not {type(story).__name__}")
        return read_story(story, title=title if isinstance(title, str) else None, clean=self.clean)

    def read(self, story: Any) -> Story:
        """The story of an input, cleaned and cut into sentences; an empty one with a warning where it is none."""
        try:
            return self._read(story)
        except TypeError as error:
            return Story("", None, (), (), (f"not a story: {error}",))

    def score(self, stories: Sequence[Any]) -> list[Scored]:
        """Read stories with the models, all together, and leave the choice of their briefs to `brief`.

        Anything that is no story is scored as an empty one with a warning, so that no row shifts.
        """
        read = [self.read(story) for story in stories]
        topic_vectors, summary_vectors, cut = self._encode(read)
        probabilities, leading = self._probabilities(read, topic_vectors)
        strange = self._strange(read, topic_vectors)
        scores = self._sentence_scores(read, summary_vectors)
        return [
            Scored(
                story,
                probabilities[row] if probabilities is not None else None,
                scores[row],
                cut[row],
                bool(strange[row]),
                leading[row] if leading is not None else None,
            )
            for row, story in enumerate(read)
        ]

    def _predict(self, stories: Sequence[Any], budget: Budget | None) -> list[Prediction]:
        scored = self.score(stories)
        predictions = [self.brief(one, budget=budget) for one in scored]
        return write(self.writers, scored, predictions, budget or self.budget) if self.writers else predictions

    def _encode(self, stories: Sequence[Story]) -> tuple[Any, Any, list[int]]:
        """Sentence vectors for topics and for summaries, from one pass where both share an encoder."""
        cut = [0] * len(stories)
        read: dict[str, list[NDArray[np.float32]]] = {}
        results: list[list[NDArray[np.float32]] | None] = []
        pair = self.topics, self.summariser
        scorers = [model.scorer if model is not None and model.engine == "standard" else None for model in pair]
        for scorer in scorers:
            if scorer is None:
                results.append(None)
                continue
            key = scorer.spec.fingerprint
            if key not in read:
                layers = max(other.layers for other in scorers if other is not None and other.spec.fingerprint == key)
                encoded = scorer.encoder.encode([passages(story) for story in stories], layers=layers)
                read[key] = [story.vectors for story in encoded]
                cut = [max(before, len(story.cut)) for before, story in zip(cut, encoded, strict=True)]
            results.append(read[key])
        return results[0], results[1], cut

    def _probabilities(
        self, stories: Sequence[Story], vectors: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | tuple[None, None]:
        """Of every label, and how much speaks for its being the dominant one."""
        if self.topics is None:
            return None, None
        probabilities = self.topics.predict_proba(stories, vectors)
        return probabilities, self.topics.leading(stories, probabilities)

    def _strange(self, stories: Sequence[Story], vectors: Any) -> NDArray[np.bool_]:
        """Which stories are too unlike the topic model's training stories for a label."""
        if self.topics is None:
            return np.zeros(len(stories), dtype=bool)
        return self.topics.strange(stories, vectors)

    def _sentence_scores(self, stories: Sequence[Story], vectors: Any) -> list[NDArray[np.float32]]:
        if self.summariser is None:
            return [np.zeros(len(story.sentences), dtype=np.float32) for story in stories]
        return self.summariser.scores(stories, vectors)

    def brief(self, scored: Scored, *, budget: Budget | None = None) -> Prediction:
        """The prediction of a story that `score` has read, with a brief of any length; the models are not asked."""
        story, probabilities, logits, cut = scored.story, scored.probabilities, scored.logits, scored.cut
        budget, strange = budget or self.budget, scored.strange
        warnings = list(story.warnings)
        texts = [sentence.text for sentence in story.sentences]
        words = story.words
        language = foreign_language(story.text) if texts else None  # not every language sets its words apart
        if texts and words < FEWEST_WORDS and language is None:
            warnings.append("the story has fewer than four words: too little to label or shorten.")
        if cut:
            warnings.append(f"{cut} very long sentence(s) were cut to the encoder's window when scored.")
        if language is not None:
            warnings.append(f"the story does not look like English (rather {language!r}): do not trust its topics.")
        chosen: list[int] = []
        if self.summariser is not None and texts:
            chosen = list(range(len(texts))) if words < FEWEST_WORDS else self.summariser.choose(logits, texts, budget)
            if not chosen:
                warnings.append("no sentence fits the length asked for: the brief is empty.")
        readable = language is None and labelable(story)
        topics = self._topics(scored) if readable and not strange else ()
        if readable and strange:
            warnings.append("the story is unlike those the topic model was trained on: it gets no topics.")
        elif self.topics is not None and readable and not topics:
            warnings.append("no topic passed its threshold.")
        have = set(chosen)
        likely = [_probability(logit) for logit in logits]
        return Prediction(
            topics=topics,
            summary=" ".join(story.standalone(index) for index in chosen),
            sentences=tuple(
                SentenceScore(s.text, s.start, s.end, likely[i], i in have) for i, s in enumerate(story.sentences)
            ),
            title=story.title,
            headline=headline(texts, likely) if chosen and not language else None,
            scores=self._all_scores(probabilities),
            text=story.original,
            removed=story.removed,
            warnings=tuple(warnings),
        )

    def _topics(self, scored: Scored) -> tuple[Any, ...]:
        if self.topics is None or scored.probabilities is None or scored.leading is None:
            return ()
        return tuple(self.topics.topics(scored.probabilities[None], scored.leading[None], self.thresholds)[0])

    def _all_scores(self, probabilities: NDArray[np.float64] | None) -> dict[str, float]:
        if self.topics is None or probabilities is None:
            return {}
        order = np.argsort(-probabilities, kind="stable")
        return {self.topics.classes_[index]: float(probabilities[index]) for index in order}


def _probability(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(float(logit), -60.0), 60.0)))


_DEFAULT: dict[str, Copydesk] = {}
_LOCK = threading.Lock()


@overload
def predict(stories: Input, *, engine: str = "standard") -> Prediction: ...
@overload
def predict(stories: Sequence[Any], *, engine: str = "standard") -> list[Prediction]: ...
def predict(stories: Any, *, engine: str = "standard") -> Prediction | list[Prediction]:
    """Label and summarise with the shipped models, loaded once; see `Copydesk.predict`."""
    with _LOCK:
        if engine not in _DEFAULT:
            _DEFAULT[engine] = Copydesk.from_pretrained(engine=engine)
    result: Prediction | list[Prediction] = _DEFAULT[engine].predict(stories)
    return result
