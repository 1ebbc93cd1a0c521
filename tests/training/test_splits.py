"""The validation split depends on content, keeps equal rows together and is stratified."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from training.splits import content_key, every_label_taught, split_rows

KEYS = [content_key(f"story {n}") for n in range(200)]


def test_equal_words_have_equal_keys() -> None:
    assert content_key("The  Cat\nsat", None) == content_key(None, "the cat", "SAT") == content_key("the cat sat")
    assert content_key("the cat") != content_key("the dog")
    content_key("\ud800")  # a lone surrogate is no reason to fail


@given(st.lists(st.text("ab", max_size=2), max_size=60), st.floats(0, 1), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_every_row_is_on_one_side_and_equal_rows_on_the_same(texts: list[str], fraction: float, seed: int) -> None:
    keys = [content_key(text) for text in texts]
    train, validation = split_rows(keys, fraction=fraction, seed=seed)
    assert sorted(train + validation) == list(range(len(texts)))
    assert train == sorted(train)
    assert validation == sorted(validation)
    assert not {keys[row] for row in train} & {keys[row] for row in validation}


def test_the_order_of_rows_changes_nothing() -> None:
    held = {KEYS[row] for row in split_rows(KEYS)[1]}
    backwards = KEYS[::-1]
    assert {backwards[row] for row in split_rows(backwards)[1]} == held
    assert len(held) == 20


def test_the_seed_changes_the_choice() -> None:
    assert split_rows(KEYS, seed=1) == split_rows(KEYS, seed=1)
    assert split_rows(KEYS, seed=1) != split_rows(KEYS, seed=2)


def test_each_stratum_is_divided_by_itself() -> None:
    strata = ["common"] * 180 + ["rare"] * 20
    _, validation = split_rows(KEYS, strata, fraction=0.25)
    assert sum(strata[row] == "rare" for row in validation) == 5
    assert sum(strata[row] == "common" for row in validation) == 45


def test_nothing_to_split() -> None:
    assert split_rows([]) == ([], [])
    assert split_rows(KEYS[:3], fraction=0.0) == ([0, 1, 2], [])


@given(
    rows=st.lists(st.tuples(st.text("ab", max_size=2), st.lists(st.sampled_from("uvwxyz"), max_size=3)), max_size=40),
    seed=st.integers(0, 9),
)
@settings(max_examples=100, deadline=None)
def test_no_label_is_held_out_alone_unless_many_are(rows: list[tuple[str, list[str]]], seed: int) -> None:
    keys = [content_key(text) for text, _ in rows]
    labels = [labels for _, labels in rows]
    before = split_rows(keys, fraction=0.4, seed=seed)
    train, held = every_label_taught(labels, keys, *before)
    assert sorted(train + held) == list(range(len(rows)))
    assert train == sorted(train) and held == sorted(held) and set(held) <= set(before[1])
    assert not {keys[row] for row in train} & {keys[row] for row in held}
    assert len(before[1]) - len(held) <= len(before[1]) / 4
    known = {label for row in before[0] for label in labels[row]}
    alone = {keys[row] for row in before[1] if not known.issuperset(labels[row])}
    if not alone:
        assert (train, held) == before
    if 4 * sum(keys[row] in alone for row in before[1]) <= len(before[1]):
        assert {label for row in train for label in labels[row]} == {label for row in labels for label in row}
    backwards = [keys[::-1], labels[::-1]]
    _, mirrored = every_label_taught(backwards[1], backwards[0], *split_rows(backwards[0], fraction=0.4, seed=seed))
    assert {backwards[0][row] for row in mirrored} == {keys[row] for row in held}


def test_the_only_article_of_a_label_teaches_it() -> None:
    labels = [["oil"]] * 8 + [["oil", "rye"], ["oil", "rye"], *[["oil"]] * 6]
    keys = [str(row) for row in range(9)] + ["8", *(str(row) for row in range(10, 16))]
    assert every_label_taught(labels, keys, range(8), range(8, 16)) == ([*range(10)], [*range(10, 16)])
    assert every_label_taught(labels, keys, range(8), range(8, 15)) == ([*range(8)], [*range(8, 15)]), "too many"
