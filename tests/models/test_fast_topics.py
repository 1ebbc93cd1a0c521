"""The fast topic engine: what it learns, explains, saves and refuses."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import DataError, ModelError
from models.fast_topics import INTERCEPT, OTHERS, FastTopicClassifier, stratified_folds

WORDS = {
    "sport": ["striker", "goal", "match", "referee", "league", "coach", "penalty", "cup"],
    "health": ["hospital", "vaccine", "nurse", "patient", "doctor", "clinic", "fever", "ward"],
    "weather": ["storm", "rain", "frost", "wind", "forecast", "flood", "snow", "cyclone"],
}
COMMON = ["the", "a", "on", "in", "and", "said", "was", "of", "to", "new", "old", "town", "people", "week"]
KNOWN_WORDS = [*COMMON, *WORDS["sport"], *WORDS["health"], *WORDS["weather"]]


def stories(number: int, seed: int = 0) -> tuple[list[str], list[list[str]]]:
    """Stories of one or two topics, the dominant one first."""
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(number):
        chosen = [str(label) for label in generator.permutation(sorted(WORDS))[: generator.integers(1, 3)]]
        words = [*generator.choice(COMMON, 12)]
        for share, label in enumerate(chosen):
            words += [*generator.choice(WORDS[label], 6 - 2 * share)]
        texts.append(" ".join(generator.permutation(words)))
        labels.append(chosen)
    return texts, labels


@pytest.fixture(scope="module")
def several() -> FastTopicClassifier:
    return FastTopicClassifier().fit(*stories(120), exclusive=False)


@pytest.fixture(scope="module")
def single() -> FastTopicClassifier:
    texts, labels = stories(120)
    return FastTopicClassifier().fit(texts, [row[:1] for row in labels], exclusive=True)


def test_learns_several_labels_a_story(several: FastTopicClassifier) -> None:
    texts, labels = stories(60, seed=1)
    logits = several.decision_function(texts)
    truth = np.array([[label in row for label in several.classes_] for row in labels])
    assert several.classes_ == ["health", "sport", "weather"] and not several.exclusive_
    assert logits.dtype == np.float32 and logits.shape == (60, 3)
    assert ((logits > 0) == truth).mean() > 0.95


def test_learns_one_label_a_story(single: FastTopicClassifier) -> None:
    texts, labels = stories(60, seed=1)
    guessed = [single.classes_[i] for i in single.decision_function(texts).argmax(axis=1)]
    assert single.exclusive_
    assert np.mean([g == row[0] for g, row in zip(guessed, labels, strict=True)]) > 0.85


@settings(max_examples=40, deadline=None)
@given(text=st.one_of(st.text(max_size=80), st.lists(st.sampled_from(KNOWN_WORDS)).map(" ".join)))
def test_explanations_sum_to_the_logit(several: FastTopicClassifier, single: FastTopicClassifier, text: str) -> None:
    for model in (several, single):
        logits = model.decision_function([text])[0]
        for column, label in enumerate(model.classes_):
            for top in (0, 3, 100):
                parts = model.explain(text, label, top)
                assert sum(value for _, value in parts) == pytest.approx(float(logits[column]), abs=1e-4)
                assert parts[-1][0] == INTERCEPT and len(parts) <= top + 2


def test_explanations_name_the_words_that_count(several: FastTopicClassifier) -> None:
    names = [name for name, _ in several.explain("The STRIKER saw the storm", "sport", top=1)]
    assert names == ["striker", OTHERS, INTERCEPT]
    with pytest.raises(ValueError, match=r"unknown label 'opera'.*'health'"):
        several.explain("text", "opera")


def test_a_story_of_unknown_words_has_the_intercepts_alone(several: FastTopicClassifier) -> None:
    logits = several.decision_function(["", "привет", "?!"])
    assert np.array_equal(logits, np.tile(several.intercept_, (3, 1)))
    assert several.decision_function([]).shape == (0, 3)


def test_stories_do_not_touch_each_other(several: FastTopicClassifier) -> None:
    texts, _ = stories(20, seed=2)
    alone = np.concatenate([several.decision_function([text]) for text in texts])
    assert np.array_equal(several.decision_function(texts), alone)


def test_same_data_and_seed_give_the_same_bytes() -> None:
    made = [FastTopicClassifier(seed=5).fit(*stories(60), exclusive=False) for _ in range(2)]
    assert safetensors.numpy.save(made[0].tensors()) == safetensors.numpy.save(made[1].tensors())
    crossed = [model.cross_logits(*stories(60)) for model in made]
    assert np.array_equal(crossed[0], crossed[1])


def test_saved_and_loaded_it_is_the_same(several: FastTopicClassifier) -> None:
    tensors = safetensors.numpy.load(safetensors.numpy.save(several.tensors()))
    loaded = FastTopicClassifier.from_parts(several.config(), tensors)
    texts, _ = stories(20, seed=3)
    assert np.array_equal(loaded.decision_function(texts), several.decision_function(texts))
    assert loaded.explain(texts[0], "sport") == several.explain(texts[0], "sport")
    assert loaded.config() == several.config()


def test_it_learns_besides_which_label_is_dominant() -> None:
    """Of two labels a story has, the one that the word beside it makes the matter of the story."""
    draw = np.random.default_rng(0)
    texts, labels = [], []
    for _ in range(300):
        chosen = [str(label) for label in draw.permutation(sorted(WORDS))[:2]]
        words = [*draw.choice(WORDS[chosen[0]], 4), f"mainly{chosen[0]}", *draw.choice(WORDS[chosen[1]], 4)]
        texts.append(" ".join(draw.permutation(words)))
        labels.append(chosen)
    model = FastTopicClassifier().fit(texts[:240], labels[:240], exclusive=False)
    assert model.leading_logits(texts) is None
    model.fit_leading(texts[:240], labels[:240])
    first = [model.classes_.index(row[0]) for row in labels]
    found = model.leading_logits(texts[240:])
    assert found is not None and found.dtype == np.float32
    assert (found.argmax(axis=1) == first[240:]).mean() > 0.95
    assert (model.decision_function(texts[240:]).argmax(axis=1) == first[240:]).mean() < 0.8
    crossed = model.cross_leading(texts[:240], labels[:240], folds=3)
    assert (crossed.argmax(axis=1) == first[:240]).mean() > 0.95
    one_by_one = [model.leading_logits([text]) for text in texts[240:]]
    assert np.array_equal(np.concatenate([row for row in one_by_one if row is not None]), found)
    tensors = safetensors.numpy.load(safetensors.numpy.save(model.tensors()))
    again = FastTopicClassifier.from_parts(model.config(), tensors).leading_logits(texts[240:])
    assert again is not None and np.array_equal(again, found)
    with pytest.raises(ModelError, match="leading"):
        FastTopicClassifier.from_parts(model.config(), {**tensors, "leading": tensors["leading"][1:]})
    with pytest.raises(ModelError, match="leading_intercept"):
        FastTopicClassifier.from_parts(model.config(), {k: v for k, v in tensors.items() if k != "leading_intercept"})


@pytest.mark.parametrize("name", ["coef", "intercept", "idf", "words", "pairs", "learnt"])
def test_missing_and_misshapen_tensors_are_refused(several: FastTopicClassifier, name: str) -> None:
    tensors = several.tensors()
    without = {key: value for key, value in tensors.items() if key != name}
    with pytest.raises(ModelError, match=name):
        FastTopicClassifier.from_parts(several.config(), without)
    with pytest.raises(ModelError, match=name):
        FastTopicClassifier.from_parts(several.config(), {**tensors, name: np.ones((1, 1, 1), np.float32)})


@pytest.mark.parametrize(
    "change",
    [{"labels": None}, {"labels": [1, 2, 3]}, {"parameters": {"speed": 3}}, {"parameters": {"min_df": "x"}}],
)
def test_malformed_configs_are_refused(several: FastTopicClassifier, change: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        FastTopicClassifier.from_parts({**several.config(), **change}, several.tensors())
    with pytest.raises(ModelError):
        FastTopicClassifier.from_parts({}, several.tensors())


def test_out_of_fold_logits_are_honest_and_leave_the_model_alone() -> None:
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(COMMON, 8)) + f" unique{i % 60}" for i in range(120)]
    labels = [[str(generator.choice(["yes", "no"]))] for _ in texts]
    model = FastTopicClassifier().fit(texts, labels, exclusive=True)
    before = model.decision_function(texts)
    truth = np.array([row == ["yes"] for row in labels])
    crossed = model.cross_logits(texts, labels)
    assert ((before[:, 1] > before[:, 0]) == truth).mean() > 0.8
    assert ((crossed[:, 1] > crossed[:, 0]) == truth).mean() < 0.7
    assert np.array_equal(model.decision_function(texts), before)


def test_out_of_fold_logits_predict(several: FastTopicClassifier) -> None:
    texts, labels = stories(120)
    crossed = several.cross_logits(texts, labels, folds=3)
    truth = np.array([[label in row for label in several.classes_] for row in labels])
    assert crossed.shape == truth.shape
    assert ((crossed > 0) == truth).mean() > 0.85


def test_contrast_makes_words_that_tell_labels_apart_count_for_more() -> None:
    texts, labels = stories(120)
    shares = []
    for contrast in (0.0, 0.5, 1.0):
        model = FastTopicClassifier(contrast=contrast, max_pairs=0, meaning=0).fit(texts, labels, exclusive=False)
        common = [model._ngrams.words_.index(word) for word in COMMON]
        shares.append(np.abs(model.coef_[common]).sum() / np.abs(model.coef_).sum())
    assert shares[1] < 0.7 * shares[0] and shares[2] < 0.7 * shares[1]


def test_a_story_counts_for_less_in_labels_that_are_not_its_first() -> None:
    texts, labels = stories(120)
    turned = [row[::-1] for row in labels]
    same = FastTopicClassifier(further=1.0).fit(texts, labels, exclusive=False)
    assert np.array_equal(same.coef_, FastTopicClassifier(further=1.0).fit(texts, turned, exclusive=False).coef_)
    less = FastTopicClassifier(further=0.2).fit(texts, labels, exclusive=False)
    rows = [row for row in range(120) if len(labels[row]) == 2]
    columns = np.array([[less.classes_.index(label) for label in labels[row]] for row in rows]).T
    change = (less.decision_function(texts) - same.decision_function(texts))[rows]
    first, second = change[np.arange(len(rows)), columns[0]], change[np.arange(len(rows)), columns[1]]
    assert second.mean() < first.mean() - 0.02
    level = [sorted(row) for row in labels]
    alike = FastTopicClassifier(further=0.2).fit(texts, level, exclusive=False)
    assert np.array_equal(alike.coef_, same.coef_)


def test_a_label_of_one_story_works() -> None:
    texts, labels = stories(30)
    texts, labels = [*texts, "the archbishop blessed the harvest"], [*labels, ["religion"]]
    model = FastTopicClassifier(min_df=1).fit(texts, labels, exclusive=False)
    column = model.classes_.index("religion")
    logits = model.decision_function([texts[-1], texts[0]])[:, column]
    assert logits[0] > logits[1]
    assert np.isfinite(model.cross_logits(texts, labels)).all()


def test_a_label_of_every_story_and_stories_of_none_work() -> None:
    texts, labels = stories(30)
    model = FastTopicClassifier().fit(texts, [["news", *row] for row in labels], exclusive=False)
    assert (model.decision_function(texts)[:, model.classes_.index("news")] > 0).all()
    sparse = [row if number % 2 else [] for number, row in enumerate(labels)]
    assert FastTopicClassifier().fit(texts, sparse, exclusive=False).classes_ == sorted(WORDS)


@pytest.mark.parametrize(
    ("labels", "exclusive", "message"),
    [
        ([["sport"], ["sport"]], True, "at least two different labels.*only 'sport'"),
        ([["sport"], []], False, "only 'sport'"),
        ([[], []], False, "none"),
        ([["sport"]], False, "2 texts and 1 rows"),
        ([["sport"], ["health", "sport"]], True, "row 1: expected exactly one label, found 2"),
        ([["sport"], []], True, "row 1|only 'sport'"),
    ],
)
def test_unusable_labels_are_refused(labels: list[list[str]], exclusive: bool, message: str) -> None:
    with pytest.raises(DataError, match=message):
        FastTopicClassifier().fit(["a goal", "a match"], labels, exclusive=exclusive)


def test_unknown_labels_and_too_few_stories_cannot_be_crossed(several: FastTopicClassifier) -> None:
    with pytest.raises(DataError, match="row 1: label 'opera'"):
        several.cross_logits(["goal"] * 5, [["sport"], ["opera"], [], [], []])
    with pytest.raises(DataError, match="5 folds"):
        several.cross_logits(["goal"], [["sport"]])


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    FastTopicClassifier().fit(*stories(30), exclusive=False, on_progress=lambda *step: told.append(step))
    assert told[-1] == (3, 3) and told == sorted(told)


def test_folds_are_even_in_every_stratum() -> None:
    strata = ["a"] * 50 + ["b"] * 10 + ["c"]
    parts = stratified_folds(strata, 5, seed=3)
    assert np.bincount(parts[:50]).tolist() == [10] * 5
    assert sorted(np.bincount(parts[50:60], minlength=5)) == [2] * 5
    assert np.array_equal(parts, stratified_folds(strata, 5, seed=3))
    assert not np.array_equal(parts, stratified_folds(strata, 5, seed=4))


def test_a_huge_text_takes_time_in_proportion(several: FastTopicClassifier) -> None:
    text = " ".join(KNOWN_WORDS) + " "
    begin = time.perf_counter()
    logits = several.decision_function([text * 10_000, "x" * 3_000_000, text])
    assert time.perf_counter() - begin < 10
    assert np.isfinite(logits).all()


def test_neither_fitting_nor_predicting_imports_torch() -> None:
    code = (
        "import sys\n"
        "from models.fast_topics import FastTopicClassifier as F\n"
        "m = F().fit(['a goal', 'a storm'], [['s'], ['w']], exclusive=True)\n"
        "F.from_parts(m.config(), m.tensors()).decision_function(['goal'])\n"
        "m.cross_logits(['goal', 'storm'], [['s'], ['w']], folds=2)\n"
        "sys.exit(any(n.split('.')[0] in ('torch', 'transformers') for n in sys.modules))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="abwxy striker storm match wind.\n'é-", max_size=40), max_size=5))
def test_passages_add_up_to_the_logit(several: FastTopicClassifier, passages: list[str]) -> None:
    parts = several.contributions(passages)
    assert parts.shape == (len(passages), len(several.classes_))
    logits = several.decision_function(["\n".join(passages)])[0]
    np.testing.assert_allclose(parts.sum(axis=0) + several.intercept_, logits, atol=1e-5)
