"""Train a summariser from articles with summaries: oracle labels, scorer, rules of choosing, figures."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.candidates import BriefRanker
from models.errors import DataError
from models.fast_summary import FastSummariser
from models.selection import Budget, SelectionRules, select
from models.story import Story
from models.summary import SummaryModel
from training.data import Articles
from training.evaluation import Report, evaluate_summariser, reference_sentences, unsummarised_note
from training.oracle import greedy_oracles, rouge_f, rouge_tokens, sentence_gains
from training.provenance import held_out_leaks, provenance
from training.ranking import CHEAP, FEWEST, cross_scores, fit_ranker, tune_ranker
from training.stories import encode_stories, open_encoder, progress, read_stories, split_articles

if TYPE_CHECKING:
    from models.standard import EncoderSpec
    from models.standard_summary import StandardSummariser

log = logging.getLogger(__name__)
Targets = Sequence[NDArray[np.float32]]

COPIED_SHARE = 0.95
MARGINS = (0.0, 0.1, 0.14, 0.18, 0.22, 0.26, 0.3, 0.35)
MOST = (2, 3, 4)
FAST_SHARES = (0.0, 0.3, 0.5, 0.7)
PENALTIES = (0.0, 0.25, 0.5, 1.0)
TUNING_ROWS = 1500


@dataclass(frozen=True, slots=True)
class SummariserSettings:
    """How a summariser is trained.

    Attributes:
        engine: "standard" or "fast".
        encoder: hub id or folder of an encoder, or a Copydesk model whose adapted encoder is shared.
        held_out: share of the training data that validates when there is no validation data.
        epochs: passes of the head over the stories.
        seed: of the split and the head.
        cache: folder for sentence vectors and for the oracle's extracts, so that the next run need not make them again.
    """

    engine: str = "standard"
    encoder: str | None = None
    held_out: float = 0.1
    epochs: int = 4
    seed: int = 13
    cache: Path | None = None


def with_summaries(articles: Articles) -> tuple[Articles, list[str]]:
    """The articles that have a summary, and a note on how many have not."""
    kept = [row for row, summary in enumerate(articles.summaries or []) if summary and summary.strip()]
    if not kept:
        raise DataError(f"{articles.name}: no row has a summary; name the column with --summary-column.")
    missing = len(articles) - len(kept)
    return articles.take(kept), [unsummarised_note(missing)] if missing else []


def divide_summaries(
    articles: Articles, validation: Articles | None, *, fraction: float, seed: int
) -> tuple[Articles, Articles, list[str]]:
    """What to learn from, what is held out, and notes on the rows without a summary, which are in neither.

    Raises:
        DataError: no row has a summary, or there are too few to hold one out.
    """
    articles, notes = with_summaries(articles)
    if validation is not None:
        validation, more = with_summaries(validation)
        return articles, validation, notes + more
    learnt, held = split_articles(replace(articles, labels=None), fraction=fraction, seed=seed)
    if not len(held):
        raise DataError(
            f"{articles.name}: {len(articles)} rows with a summary are too few to hold one out; pass --validation."
        )
    return learnt, held, notes


def copied_extracts(stories: Sequence[Story], summaries: Sequence[str]) -> list[list[int]] | None:
    """The extracts themselves, where the summaries are whole sentences taken from the articles; else None.

    A sentence counts as taken when its words, case and spacing aside, stand in the summary. The column is recognised
    when at least 95% of the summaries' words are covered so.
    """
    extracts, covered, total = [], 0, 0
    for story, summary in zip(stories, summaries, strict=True):
        wanted = "".join(summary.split()).lower()
        rows = [
            index
            for index, sentence in enumerate(story.sentences)
            if len(sentence.text) > 12 and "".join(sentence.text.split()).lower() in wanted
        ]
        extracts.append(rows)
        covered += min(len(wanted), sum(len("".join(story.sentences[row].text.split())) for row in rows))
        total += len(wanted)
    if not total or covered / total < COPIED_SHARE:
        return None
    log.info("The summaries are sentences of their articles: these are the labels.")
    return extracts


def sentence_targets(
    stories: Sequence[Story], summaries: Sequence[str], cache: Path | None = None
) -> list[NDArray[np.float32]]:
    """How much each sentence belongs in the brief, 0 to 1, `(n_sentences,)` per story; see `soft_targets`."""
    copied = copied_extracts(stories, summaries)
    if copied is not None:
        return soft_targets(stories, copied, None)
    return soft_targets(stories, oracle_extracts(stories, summaries, cache), summaries)


def oracle_extracts(stories: Sequence[Story], summaries: Sequence[str], cache: Path | None = None) -> list[list[int]]:
    """The greedy oracle of every story, see `training.oracle`.

    With a `cache` folder they are kept there under a name made of the texts, and read back the next time.
    """
    texts = [[sentence.text for sentence in story.sentences] for story in stories]
    kept = cache / f"{_texts_key(texts, summaries)}.oracle.json" if cache is not None else None
    if kept is not None and kept.is_file():
        with contextlib.suppress(ValueError):  # a damaged file is made again
            found: list[list[int]] = json.loads(kept.read_text(encoding="utf-8"))
            return found
    extracts = []
    with progress("Finding the best extracts", len(texts)) as advance:
        for rows in greedy_oracles(texts, summaries):
            extracts.append(rows)
            advance()
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = kept.with_suffix(".part")
        beside.write_text(json.dumps(extracts), encoding="utf-8")
        beside.replace(kept)
    return extracts


def _texts_key(texts: Sequence[Sequence[str]], summaries: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for story, summary in zip(texts, summaries, strict=True):
        digest.update(json.dumps([*story, summary]).encode())
    return digest.hexdigest()[:32]


def train_summariser(
    articles: Articles, validation: Articles | None = None, settings: SummariserSettings | None = None
) -> tuple[SummaryModel, Report, dict[str, Any]]:
    """Train a summariser.

    Args:
        articles: articles with summaries; rows without one are left out and counted.
        validation: held-out articles; a share of the training data when None. They decide when to stop and how long
            a brief is, so judge the model on others.
        settings: see `SummariserSettings`.

    Returns:
        The model, its figures on the validation articles, and what `training.json` records.
    """
    settings = settings or SummariserSettings()
    if settings.engine == "fast":
        settings = replace(settings, encoder=None)
    articles, validation, notes = divide_summaries(articles, validation, fraction=settings.held_out, seed=settings.seed)
    log.info("%s: training on %d articles, validating on %d.", articles.name, len(articles), len(validation))
    stories, held = read_stories(articles), read_stories(validation)
    summaries = [summary or "" for summary in articles.summaries or []]
    targets = sentence_targets(stories, summaries, settings.cache)
    usable = [row for row, target in enumerate(targets) if target.any()]
    if not usable:
        raise DataError(f"{articles.name}: no summary shares a word with its article; are the columns right?")
    stories, targets = [stories[row] for row in usable], [targets[row] for row in usable]
    references = [reference_sentences(summary or "") for summary in validation.summaries or []]
    drawn = sorted(np.random.default_rng(settings.seed).permutation(len(held))[:TUNING_ROWS].tolist())
    tuning = [held[row] for row in drawn], [references[row] for row in drawn]  # a file's first may be of one source
    summaries = [summaries[row] for row in usable]
    fast = _fit_fast(stories, targets, settings)
    scores = fast.scores(tuning[0])
    learnt = _Learnt(stories, targets, settings)
    scorer: Any = fast
    if settings.engine == "fast":
        rules, value = fit_rules(scores, *tuning)
    else:
        scorer, learnt.vectors, vectors = _fit_standard(stories, targets, tuning[0], settings)
        own = scorer.scores(vectors, tuning[0])
        learnt.mix, rules, value = fit_mix(own, scores, *tuning)
        scorer.add_fast(fast, learnt.mix)
        scores = scorer.scores(vectors, tuning[0])
    ranker = _fit_ranker(learnt, summaries, scores, *tuning, rules, value)
    model = SummaryModel(scorer, rules, ranker)
    report = evaluate_summariser(model, validation)
    tuned = "length and penalties of the choice, and whether whole briefs are ranked, were tuned on these articles."
    report.notes[:0] = [*held_out_leaks(settings.encoder, articles, validation), *notes, tuned]
    return model, report, provenance(settings, articles, validation, report)


def soft_targets(
    stories: Sequence[Story], extracts: Sequence[Sequence[int]], summaries: Sequence[str] | None
) -> list[NDArray[np.float32]]:
    """How much each sentence belongs in the brief, 0 to 1: half the oracle's choice, half its own gain, squared.

    The oracle takes one of several sentences that would do and calls the others wrong; the gain does not. Without
    `summaries`, where the extracts themselves are what was asked for, the choice alone counts.
    """
    targets: list[NDArray[np.float32]] = []
    for row, (story, chosen) in enumerate(zip(stories, extracts, strict=True)):
        target = np.zeros(len(story.sentences))
        target[list(chosen)] = 1.0
        if summaries is not None:
            gains = sentence_gains([sentence.text for sentence in story.sentences], summaries[row])
            target = 0.5 * target + 0.5 * np.square(np.array(gains))
        targets.append(target.astype(np.float32))
    return targets


def _fit_standard(
    stories: Sequence[Story],
    targets: Sequence[NDArray[np.float32]],
    held: Sequence[Story],
    settings: SummariserSettings,
) -> tuple[StandardSummariser, list[NDArray[Any]], list[NDArray[Any]]]:
    spec = open_encoder(settings.encoder)
    bodies = _bodies(stories, encode_stories(spec, stories, settings.cache))
    held_bodies = _bodies(held, encode_stories(spec, held, settings.cache))
    return _fit_head(spec, bodies, targets, settings), bodies, held_bodies


def _fit_head(
    spec: EncoderSpec, bodies: Sequence[NDArray[Any]], targets: Targets, settings: SummariserSettings
) -> StandardSummariser:
    from models.standard_summary import StandardSummariser

    scorer = StandardSummariser(spec)
    scorer.settings = replace(scorer.settings, epochs=settings.epochs, seed=settings.seed)
    with progress("Fitting the head", settings.epochs) as advance:
        scorer.fit(bodies, targets, on_progress=lambda *_: advance())
    return scorer


@dataclass(slots=True)
class _Learnt:
    """What a scorer was fitted on, to be fitted again on parts of it.

    `vectors` and `mix` are the standard engine's: without vectors the fast one is meant.
    """

    stories: Sequence[Story]
    targets: Targets
    settings: SummariserSettings
    vectors: Sequence[NDArray[Any]] | None = None
    mix: tuple[float, float] = (0.0, 1.0)

    def fit_and_score(self, fitted: list[int], scored: list[int]) -> list[NDArray[np.float32]]:
        """Fit on some of the stories, score others."""
        stories, targets = [self.stories[row] for row in fitted], [self.targets[row] for row in fitted]
        others = [self.stories[row] for row in scored]
        if self.vectors is None:
            return _fit_fast(stories, targets, self.settings).scores(others)
        spec = open_encoder(self.settings.encoder)
        scorer = _fit_head(spec, [self.vectors[row] for row in fitted], targets, self.settings)
        if self.mix[1]:
            scorer.add_fast(_fit_fast(stories, targets, self.settings), self.mix)
        return scorer.scores([self.vectors[row] for row in scored], others)


def _fit_ranker(
    learnt: _Learnt,
    summaries: Sequence[str],
    scores: Sequence[NDArray[np.float32]],
    held: Sequence[Story],
    references: Sequence[str],
    rules: SelectionRules,
    value: float,
) -> BriefRanker | None:
    """What chooses among whole briefs, where there is enough to learn it from and the held-out stories gain by it."""
    if sum(len(story.sentences) > 2 for story in learnt.stories) < FEWEST:
        return None
    seed = learnt.settings.seed
    try:
        apart = cross_scores(len(learnt.stories), seed, learnt.fit_and_score)
    except DataError as error:  # half of the stories may lack what all of them have
        log.info("whole briefs are not ranked: %s", error)
        return None
    ranker, ranked = tune_ranker(
        fit_ranker(apart, learnt.stories, summaries, seed=seed),
        *(scores, held, references),
        block_trigrams=rules.block_trigrams,
    )
    log.info("whole briefs ranked: %.2f; sentence by sentence: %.2f (mean of ROUGE-1 and ROUGE-2).", ranked, value)
    return ranker if ranked > value else None


def _bodies(stories: Sequence[Story], vectors: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Sentence vectors without the title's."""
    return [array[1:] if story.title else array for story, array in zip(stories, vectors, strict=True)]


def _fit_fast(stories: Sequence[Story], targets: Targets, settings: SummariserSettings) -> FastSummariser:
    scorer = FastSummariser(seed=settings.seed)
    with progress("Fitting sentence features", 1) as advance:
        scorer.fit(stories, targets)
        advance()
    return scorer


def fit_mix(
    own: Sequence[NDArray[np.float32]],
    other: Sequence[NDArray[np.float32]],
    stories: Sequence[Story],
    references: Sequence[str],
) -> tuple[tuple[float, float], SelectionRules, float]:
    """How much the head's scores and the fast scorer's count, the rules of choosing that go with it, their value."""
    best: tuple[float, tuple[float, float], SelectionRules] | None = None
    for share in FAST_SHARES:
        mixed = [(1.0 - share) * mine + share * its for mine, its in zip(own, other, strict=True)]
        rules, value = fit_rules(mixed, stories, references)
        log.info("the fast scorer's share %.2f: %.2f (mean of ROUGE-1 and ROUGE-2).", share, value)
        if best is None or value > best[0]:
            best = value, (1.0 - share, share), rules
    assert best is not None
    return best[1], best[2], best[0]


def fit_rules(
    scores: Sequence[NDArray[np.float32]], stories: Sequence[Story], references: Sequence[str]
) -> tuple[SelectionRules, float]:
    """The rules of choosing with the best mean of ROUGE-1 and ROUGE-2 F on held-out stories, and that mean.

    The penalty for leaning sentences is the largest that costs less than `CHEAP` points: a brief that can be understood
    is worth more than that. The mean is the best one without a penalty.
    """
    texts = [[sentence.text for sentence in story.sentences] for story in stories]
    tokens = [[rouge_tokens(sentence) for sentence in story] for story in texts]
    wanted = [rouge_tokens(reference) for reference in references]
    cache: dict[tuple[int, tuple[int, ...]], float] = {}

    def value(rules: SelectionRules) -> float:
        total = 0.0
        for row, (logits, story) in enumerate(zip(scores, texts, strict=True)):
            chosen = tuple(select(logits, story, Budget(), rules)) if story else ()
            if (row, chosen) not in cache:
                words = [word for index in chosen for word in tokens[row][index]]
                cache[row, chosen] = rouge_f(words, wanted[row])
            total += cache[row, chosen]
        return 50.0 * total / max(1, len(texts))

    best = SelectionRules(leaning_penalty=0.0)
    grid = [replace(best, auto_margin=margin, auto_most=most) for most in MOST for margin in MARGINS]
    with progress("Tuning the length", len(grid) + len(PENALTIES)) as advance:
        values = []
        for rules in grid:
            values.append(value(rules))
            advance()
        best = grid[int(np.argmax(values))]
        limit = max(values) - CHEAP
        for penalty in PENALTIES:
            candidate = replace(best, leaning_penalty=penalty)
            if value(candidate) >= limit:
                best = candidate
            advance()
    return best, max(values)
