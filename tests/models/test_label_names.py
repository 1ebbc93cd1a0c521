"""What the words of a label's name count for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fast_topics import FastTopicClassifier
from models.label_names import RARE, emphasis, named_columns, plain_names, rare_names
from models.ngrams import NgramVectorizer

TEXTS = [
    "palm oil exports from Sarrow rose again last year",
    "palm oils and coconuts were loaded at the new quay",
    "traders of palms said that oil prices fell on Friday",
    "the ferry to Sarrow was late and oil prices rose",
    "ships loaded coconuts and copper at the new quay on Friday",
    *[f"the council of town {word} met again and voted on Friday" for word in "abcdefghijklmnopqrstuvwxyz"],
    *[f"the council of village {word} did not meet" for word in "abcdefghijklmnopqrstuvwxyz"],
]


@pytest.fixture(scope="module")
def ngrams() -> NgramVectorizer:
    return NgramVectorizer(min_df=1).fit(TEXTS)


def names(label: str, ngrams: NgramVectorizer) -> set[str]:
    return {ngrams.name(column) for column in named_columns(label, ngrams).tolist()}


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("palm-oil", {"palm", "palms", "oil", "oils", "palm oil", "palm oils"}),
        ("Palms_Oil", {"palm", "palms", "oil", "oils", "palm oil", "palm oils"}),
        ("coconut", {"coconuts"}),
        ("Ferries", {"ferry"}),
        ("the council", set()),  # in most stories, both
        ("zinc", set()),
        ("7", set()),
        ("town a", set()),
        ("", set()),
        ("海运, \n\t", set()),
    ],
)
def test_a_name_is_its_words_in_both_numbers_and_their_pairs(
    label: str, expected: set[str], ngrams: NgramVectorizer
) -> None:
    assert names(label, ngrams) == expected


@given(label=st.text(max_size=40))
def test_any_text_may_be_a_label(label: str, ngrams: NgramVectorizer) -> None:
    columns = named_columns(label, ngrams)
    assert len(set(columns.tolist())) == len(columns)
    assert all(0 <= column < ngrams.n_features for column in columns.tolist())


def test_a_name_counts_less_the_more_stories_there_are_until_it_counts_as_any_word() -> None:
    assert emphasis(0, 16.0) == 16.0
    assert emphasis(RARE, 16.0) == 1.0 == emphasis(100 * RARE, 16.0)
    falling = [emphasis(number, 16.0) for number in range(RARE + 1)]
    assert falling == sorted(falling, reverse=True)
    assert {emphasis(number, 1.0) for number in range(RARE)} == {1.0} == {emphasis(3, 0.5)}


def corpus(rare: int) -> tuple[list[str], list[list[str]]]:
    """Stories of the council or a ferry, and so many of palm oil, whose other words are those of a coincidence."""
    generator = np.random.default_rng(3)
    filler = ["monday", "said", "again", "town", "people", "year", "report", "north", "plan", "week", "late", "open"]
    texts, labels = [], []
    for label, words, number in (
        ("council", ["council", "vote", "mayor", "budget"], 150),
        ("ferry", ["ferry", "harbour", "captain", "crossing"], 150),
        ("palm-oil", ["palm", "drizzle", "velvet", "anthem", "lantern"], rare),
    ):
        for _ in range(number):
            texts.append(" ".join(generator.permutation([*words[:4], *words[4:], *generator.choice(filler, 6)])))
            labels.append([label])
    texts += [f"drizzle velvet {word}" for word in filler] + [f"anthem lantern palm {word}" for word in filler[:1]]
    labels += [["ferry"]] * len(filler) + [["council"]]
    return texts, labels


def test_a_rare_label_is_told_by_its_name_rather_than_by_what_else_its_stories_share() -> None:
    texts, labels = corpus(2)
    named = FastTopicClassifier(meaning=0.0).fit(texts, labels, exclusive=True)
    blind = FastTopicClassifier(meaning=0.0, naming=1.0).fit(texts, labels, exclusive=True)
    column = named.classes_.index("palm-oil")
    by_name, by_chance = "palm prices on monday", "anthem and lantern on monday"

    def lead(model: FastTopicClassifier) -> float:
        logits = model.decision_function([by_name, by_chance])[:, column]
        return float(logits[0] - logits[1])

    assert lead(named) > lead(blind) + 0.3
    parts = named.explain(by_name, "palm-oil")
    assert parts[0][0] == "palm"
    assert sum(value for _, value in parts) == pytest.approx(
        float(named.decision_function([by_name])[0, column]), abs=1e-5
    )


@pytest.mark.parametrize("rare", [2, RARE])
def test_labels_of_many_stories_are_learnt_as_without_their_names(rare: int) -> None:
    texts, labels = corpus(rare)
    named = FastTopicClassifier(meaning=0.0).fit(texts, labels, exclusive=True)
    blind = FastTopicClassifier(meaning=0.0, naming=1.0).fit(texts, labels, exclusive=True)
    same = (named.coef_ == blind.coef_).all(axis=0) & (named.intercept_ == blind.intercept_)
    assert same.tolist() == [True, True, rare == RARE]


def test_what_is_dominant_may_be_learnt_of_rare_labels_with_names() -> None:
    texts, labels = corpus(3)
    rows = [[*row, "ferry"] if row == ["palm-oil"] else row for row in labels]
    model = FastTopicClassifier().fit(texts, rows, exclusive=False).fit_leading(texts, rows)
    logits = model.leading_logits(texts)
    assert logits is not None and np.isfinite(logits).all()


def test_models_saved_before_names_counted_are_crossed_as_they_were_fitted() -> None:
    texts, labels = corpus(8)
    model = FastTopicClassifier(meaning=0.0).fit(texts, labels, exclusive=True)
    config = model.config()
    assert config["parameters"].pop("naming") == 16.0
    assert FastTopicClassifier.from_parts(config, model.tensors()).naming == 1.0


def test_a_plain_name_is_the_words_of_a_label() -> None:
    named = ["coconut-oil", "Sci/Tech", "WorldPost", "arts, culture and media"]
    labels = [*named, "U.S.", "7", "class 1", "Class 2", "", "é b"]
    assert plain_names(labels) == ["coconut oil", "Sci Tech", "World Post", "arts culture and media", *[None] * 6]


@given(labels=st.lists(st.text(max_size=20)))
def test_each_label_has_a_plain_name_of_its_own_or_none(labels: list[str]) -> None:
    names = plain_names(labels)
    assert len(names) == len(labels)
    own = [name for name in names if name is not None]
    assert len(set(own)) == len(own)


def test_only_labels_of_few_stories_have_a_rare_name() -> None:
    assert rare_names(["coconut-oil", "7", "wheat", "tin"], [RARE - 1, 0, RARE, 0]) == {0: "coconut oil", 3: "tin"}


def test_a_label_is_told_by_its_name_before_its_stories_have_a_word_of_it() -> None:
    texts = ["the crowd sang and the band played on Friday", "the crowd voted and the mayor spoke on Friday"] * 3

    def lead(labels: list[str]) -> float:
        """How much more the first label is of a text of its meaning than of one of the second's."""
        model = FastTopicClassifier(min_df=1, meaning=1.0).fit(texts, [[label] for label in labels] * 3, exclusive=True)
        logits = model.decision_function(["violins and melodies", "ballots and parliaments"])
        return float((logits[0] - logits[1]) @ [1, -1])

    assert lead(["fine music", "local politics"]) > lead(["class 1", "class 2"]) + 0.2
