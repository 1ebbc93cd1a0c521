"""The fast engine's vectoriser: the same figures as scikit-learn's, for any text, saved and loaded whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from models import wordhash
from models.errors import DataError, ModelError
from models.ngrams import NgramVectorizer
from models.wordhash import KeyTable, hash_words

STORIES = [
    "The council voted on Tuesday to close the old bridge.",
    "The old bridge will be closed, the council said; ferries run on Tuesday.",
    "Ferries were late on Tuesday. FERRIES!",
    "A striker scored twice on Tuesday and the council cheered.",
]
ANY_TEXT = st.text(st.characters(codec=None), max_size=60)


def spelled(texts: list[str]) -> list[list[str]]:
    words = hash_words(texts)
    every = [words.spelling(i) for i in range(len(words.hashes))]
    ends = np.cumsum(words.counts)
    return [every[end - count : end] for end, count in zip(ends, words.counts, strict=True)]


def reference(texts: list[str]) -> np.ndarray:
    pattern = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"[^\W_]+")
    return pattern.fit_transform(texts).toarray()


def test_gives_scikit_learns_figures() -> None:
    ours = NgramVectorizer().fit(STORIES).transform(STORIES).toarray()
    theirs = reference(STORIES)
    assert ours.shape == theirs.shape
    assert np.allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["ab", "cd", "éa", "ω", "12", "x"]), max_size=12), min_size=2, max_size=8))
def test_gives_scikit_learns_figures_for_any_words(rows: list[list[str]]) -> None:
    texts = ["same same", "same same", *(" ".join(row) for row in rows)]
    ours = NgramVectorizer().fit(texts).transform(texts).toarray()
    assert np.allclose(ours @ ours.T, reference(texts) @ reference(texts).T, atol=1e-5)


def test_words_are_letters_digits_and_marks_without_case() -> None:
    assert spelled(["Don\u2019t STOP: U.S. über_7 ÉCOLE", "", "日本 हिन्दी 😀ok"]) == [
        ["don", "t", "stop", "u", "s", "über", "7", "école"],
        [],
        ["日本", "हिन्दी", "ok"],
    ]


@settings(max_examples=80, deadline=None)
@given(st.lists(ANY_TEXT, max_size=6))
def test_hashes_depend_on_the_word_alone(texts: list[str]) -> None:
    words = hash_words(texts)
    assert words.counts.sum() == len(words.hashes) and len(words.counts) == len(texts)
    for number in range(len(words.hashes)):
        again = hash_words([words.spelling(number)])
        assert again.hashes.tolist() == [words.hashes[number]]


@settings(max_examples=80, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_any_text_gives_unit_or_empty_rows_whatever_stands_beside_it(texts: list[str]) -> None:
    vectorizer = NgramVectorizer(lead_words=3, lead_weight=2).fit(STORIES)
    rows = vectorizer.transform([STORIES[0], *texts])
    lengths = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths == 0))
    alone = vectorizer.transform(texts[:1])
    assert np.array_equal(alone.toarray(), rows[1:2].toarray())


def test_small_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [" ".join(STORIES) * 5, "", *STORIES, "wörter " * 40]
    before = NgramVectorizer().fit(texts)
    expected = before.transform(texts)
    monkeypatch.setattr(wordhash, "BATCH", 70)
    after = NgramVectorizer().fit(texts)
    assert after.words_ == before.words_
    assert (after.transform(texts) != expected).nnz == 0


def test_runs_longer_than_any_word_are_no_features() -> None:
    vectorizer = NgramVectorizer(min_df=1).fit(["bridge " + "x" * 65, "bridge " + "y" * 300_000])
    assert vectorizer.words_ == ["bridge"]


def test_unknown_words_break_pairs_and_stories_do_not_join() -> None:
    vectorizer = NgramVectorizer(min_df=1).fit(["old bridge", "new ferry"])
    names = [vectorizer.name(i) for i in range(vectorizer.n_features)]
    assert names == ["bridge", "ferry", "new", "old", "new ferry", "old bridge"]
    cut = vectorizer.transform(["old stone bridge", "new", "ferry"])
    assert cut[:, 4:].nnz == 0


def test_the_lead_counts_more() -> None:
    texts = ["goal bridge", "bridge goal", "goal bridge"]
    plain = NgramVectorizer(max_pairs=0).fit(texts).transform(texts).toarray()
    led = NgramVectorizer(max_pairs=0, lead_words=1, lead_weight=2).fit(texts).transform(texts).toarray()
    assert plain[0, 1] == plain[1, 1]
    assert led[0, 1] > led[1, 1]
    assert led[0, 1] / led[0, 0] == pytest.approx(3, rel=1e-5)


def test_the_lead_counts_once_however_often_a_word_is_in_it() -> None:
    texts = ["goal goal bridge", "goal bridge bridge"]
    led = NgramVectorizer(max_pairs=0, lead_words=2, lead_weight=0.5).fit(texts).transform(texts).toarray()
    assert led[0, 1] / led[0, 0] == pytest.approx(1.5 * (1 + np.log(2)), rel=1e-5)
    assert led[1, 0] / led[1, 1] == pytest.approx(1 + np.log(2), rel=1e-5)


def test_limits_keep_the_commonest() -> None:
    texts = ["common pair rare", "common pair", "common other"]
    vectorizer = NgramVectorizer(min_df=1, max_words=2, max_pairs=1).fit(texts)
    assert [vectorizer.name(i) for i in range(3)] == ["common", "pair", "common pair"]


def test_words_that_all_occur_once_still_count() -> None:
    assert NgramVectorizer(min_df=2).fit(["alpha beta", "gamma"]).words_ == ["alpha", "beta", "gamma"]


def test_no_words_at_all() -> None:
    with pytest.raises(DataError, match="none of the 2 texts holds a word"):
        NgramVectorizer().fit(["", "…!"])


def test_nothing_to_transform() -> None:
    vectorizer = NgramVectorizer().fit(STORIES)
    assert vectorizer.transform([]).shape == (0, vectorizer.n_features)
    assert vectorizer.transform(["", "?"]).nnz == 0


def test_saved_and_loaded_it_is_the_same() -> None:
    made = NgramVectorizer(min_df=1, lead_words=2, lead_weight=1).fit([*STORIES, "naïve Ωmega"])
    loaded = NgramVectorizer.from_parts(made.config(), made.tensors())
    assert (loaded.transform(STORIES) != made.transform(STORIES)).nnz == 0
    assert loaded.name(loaded.n_features - 1) == made.name(made.n_features - 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("words", np.frombuffer(b"bridge\nbridge\nferry", np.uint8)),
        ("words", np.frombuffer(b"two words\nbridge", np.uint8)),
        ("words", np.frombuffer(b"\xff\xfe", np.uint8)),
        ("words", np.zeros((2, 2), np.uint8)),
        ("pairs", np.array([[0, 999]], np.int32)),
        ("pairs", np.array([[0, 1], [0, 1]], np.int32)),
        ("idf", np.ones(1, np.float32)),
        ("idf", None),
    ],
)
def test_damaged_tensors_are_refused(name: str, value: np.ndarray | None) -> None:
    made = NgramVectorizer().fit(STORIES)
    tensors = {**made.tensors(), name: value}
    with pytest.raises(ModelError):
        NgramVectorizer.from_parts(made.config(), {k: v for k, v in tensors.items() if v is not None})


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 2**64 - 1), max_size=300), st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_tables_find_every_key_and_no_other(keys: set[int], others: list[int]) -> None:
    listed = sorted(keys)
    table = KeyTable(np.array(listed, np.uint64))
    assert table.find(np.array(listed, np.uint64)).tolist() == list(range(len(listed)))
    strangers = [key for key in others if key not in keys]
    assert set(table.find(np.array(strangers, np.uint64)).tolist()) <= {-1}


def test_tables_find_out_that_any_key_is_unknown_even_where_all_first_tries_are_taken() -> None:
    table = KeyTable(np.arange(1, 5000, dtype=np.uint64) << np.uint64(32))
    small = np.arange(1000, dtype=np.uint64)
    assert set(table.find(np.concatenate([small, ~small])).tolist()) == {-1}


def test_tables_refuse_a_key_twice() -> None:
    with pytest.raises(ValueError, match="distinct"):
        KeyTable(np.array([7, 7], np.uint64))


def test_further_words_have_columns_behind_those_learnt() -> None:
    texts = ["the storm hit the town", "the storm left the town", "a bank of the town"]
    made, more = NgramVectorizer(min_df=1).fit(texts), NgramVectorizer(min_df=1).fit(texts)
    assert more.know(["zebra", "storm", "Apple", "zebra"]).n_learnt_ == len(made.words_) == made.n_learnt_
    assert more.words_ == [*made.words_, "Apple", "zebra"]
    before, after = made.transform(texts).toarray(), more.transform(texts).toarray()
    new = [len(made.words_), len(made.words_) + 1]
    assert np.array_equal(np.delete(after, new, axis=1), before) and not after[:, new].any()
    assert [more.name(column) for column in range(more.n_features) if column not in new] == [
        made.name(column) for column in range(made.n_features)
    ]
    told = more.transform(["an apple"]).toarray()[0]
    assert np.flatnonzero(told).tolist() == new[:1]
    assert more.unknown(["an apple", "the town"]).tolist() == [1, 0]
    with pytest.raises(ValueError, match="in one piece"):
        more.know(["two words"])
