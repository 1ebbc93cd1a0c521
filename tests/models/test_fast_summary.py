from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.artefact import Artefact, load_artefact, save_artefact
from models.errors import DataError, ModelError
from models.fast_summary import FastSummariser
from models.selection import Budget, SelectionRules
from models.sentence_features import MOST_STORIES, SENTENCE_FEATURES, Batch, sentence_features, story_batches
from models.story import Sentence, Story
from models.summary import SummaryModel
from models.trees import Trees
from models.wordhash import KeyTable, hash_words

PLACES = ["harbour", "council", "hospital", "school", "airport", "museum", "factory", "station"]
FILLER = [
    "Nobody at the {place} wanted to say more about it.",
    "“We are waiting for news,” one of them said.",
    "But he had left before the meeting of the {place} began.",
    "Rain is expected in the north for most of the week.",
    "The {place} has {n} rooms and a view of the hills.",
    "It was the second time that year, a neighbour recalled.",
    "Shops nearby stayed open until late, as they often do.",
]


def story(*sentences: str, title: str | None = None) -> Story:
    return Story(" ".join(sentences), title, tuple(Sentence(text, 0, len(text)) for text in sentences), (), ())


def corpus(n: int, seed: int = 1) -> tuple[list[Story], list[NDArray[np.float32]]]:
    """Stories whose extract is their first sentence, and one that tells what was announced."""
    draw = np.random.default_rng(seed)
    stories, targets = [], []
    for _ in range(n):
        place = PLACES[draw.integers(len(PLACES))]
        count = int(draw.integers(4, 9))
        texts = [FILLER[draw.integers(len(FILLER))].format(place=place, n=draw.integers(3, 90)) for _ in range(count)]
        texts[0] = f"The {place} will close in {draw.integers(2, 30)} days, its owners announced on Monday."
        other = int(draw.integers(1, count))
        texts[other] = f"Officials announced that {draw.integers(20, 900)} workers of the {place} lose their jobs."
        target = np.zeros(count, np.float32)
        target[[0, other]] = 1.0
        stories.append(story(*texts))
        targets.append(target)
    return stories, targets


@pytest.fixture(scope="module")
def fitted() -> FastSummariser:
    return FastSummariser(trees=25).fit(*corpus(150))


def artefact(model: FastSummariser) -> Artefact:
    return SummaryModel(model, SelectionRules()).artefact({"seed": 13}, "a card")


def test_the_sentences_of_the_extract_score_highest_and_scores_are_logits(fitted: FastSummariser) -> None:
    stories, targets = corpus(60, seed=2)
    scores = fitted.scores(stories)
    assert [len(row) for row in scores] == [len(row.sentences) for row in stories]
    right = [
        set(np.argsort(-row)[:2]) == set(np.flatnonzero(target)) for row, target in zip(scores, targets, strict=True)
    ]
    assert np.mean(right) > 0.9
    chances = 1 / (1 + np.exp(-np.concatenate(scores)))
    assert chances.mean() == pytest.approx(np.concatenate(targets).mean(), abs=0.05)


def test_a_saved_model_answers_the_same(fitted: FastSummariser, tmp_path: Path) -> None:
    stories, _ = corpus(20, seed=3)
    save_artefact(artefact(fitted), tmp_path / "model")
    loaded = SummaryModel.load(tmp_path / "model")
    assert loaded.engine == "fast"
    assert isinstance(loaded.scorer, FastSummariser)
    for before, after in zip(fitted.scores(stories), loaded.scorer.scores(stories), strict=True):
        assert before.tobytes() == after.tobytes()
    assert loaded.scorer.config() == fitted.config()
    save_artefact(loaded.artefact({"seed": 13}, "a card"), tmp_path / "again")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "model" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_two_fits_have_the_same_bytes(fitted: FastSummariser) -> None:
    again = FastSummariser(trees=25).fit(*corpus(150))
    assert again.config() == fitted.config()
    before, after = fitted.tensors(), again.tensors()
    assert {name: value.tobytes() for name, value in before.items()} == {
        name: value.tobytes() for name, value in after.items()
    }


def test_a_story_scores_the_same_in_any_company(fitted: FastSummariser) -> None:
    stories, _ = corpus(30, seed=4)
    together = fitted.scores([*stories, story("Ein Satz über Köln. ☃"), *stories[::-1]])
    for row, single in enumerate(stories):
        alone = fitted.scores([single])[0]
        assert alone.tobytes() == together[row].tobytes() == together[60 - row].tobytes()


def test_case_does_not_matter(fitted: FastSummariser) -> None:
    stories, _ = corpus(20, seed=5)
    lower = [story(*(sentence.text.lower() for sentence in row.sentences)) for row in stories]
    upper = [
        story(*(sentence.text.upper() for sentence in row.sentences if "IT " not in sentence.text)) for row in lower
    ]
    for before, after in zip(fitted.scores(stories), fitted.scores(lower), strict=True):
        assert before.tobytes() == after.tobytes()
    assert all(np.isfinite(row).all() for row in fitted.scores(upper))


@pytest.mark.parametrize(
    "sentences",
    [
        [],
        [""],
        ["?!", "..."],
        ["word"],
        ["☃ 雪だるま", "\U0001f600", "ok"],
        ["x" * 300_000, "and " * 90_000],
        ["\ud800"],
    ],
)
def test_odd_stories_get_finite_scores(fitted: FastSummariser, sentences: list[str]) -> None:
    scores = fitted.scores([story(*sentences), story("Nothing odd here."), story(*sentences, title="“A” title")])
    assert [len(row) for row in scores] == [len(sentences), 1, len(sentences)]
    assert all(np.isfinite(row).all() and row.dtype == np.float32 for row in scores)


def test_no_stories_no_scores(fitted: FastSummariser) -> None:
    assert fitted.scores([]) == []


def test_a_brief_of_the_fast_engine_is_within_its_budget(fitted: FastSummariser) -> None:
    model = SummaryModel(fitted, SelectionRules())
    for row in corpus(20, seed=6)[0]:
        texts = [sentence.text for sentence in row.sentences]
        chosen = model.choose(fitted.scores([row])[0], texts, Budget(words=20))
        assert chosen == sorted(chosen)
        assert 0 < sum(len(texts[index].split()) for index in chosen) <= 20


def test_targets_between_0_and_1_are_chances(fitted: FastSummariser) -> None:
    stories, targets = corpus(150)
    soft = FastSummariser(trees=25).fit(stories, [0.1 + 0.6 * target for target in targets])
    chances = 1 / (1 + np.exp(-np.concatenate(soft.scores(stories))))
    wanted = np.concatenate(targets) > 0
    assert chances[wanted].mean() == pytest.approx(0.7, abs=0.06)
    assert chances[~wanted].mean() == pytest.approx(0.1, abs=0.06)


def test_two_stories_are_enough_to_fit() -> None:
    model = FastSummariser(trees=3).fit(*corpus(2))
    assert all(np.isfinite(row).all() for row in model.scores(corpus(2)[0]))


def test_what_cannot_be_learnt_from_is_refused() -> None:
    stories, targets = corpus(4)
    with pytest.raises(DataError, match="4 stories and 3 rows"):
        FastSummariser().fit(stories, targets[:3])
    with pytest.raises(DataError, match="story 1: "):
        FastSummariser().fit(stories[:2], [targets[0], targets[1][1:]])
    with pytest.raises(DataError, match="belong into an extract"):
        FastSummariser().fit(stories, [0 * target for target in targets])
    with pytest.raises(DataError, match="belong into an extract"):
        FastSummariser().fit([], [])
    with pytest.raises(DataError, match="between 0 and 1"):
        FastSummariser().fit(stories, [2 * target for target in targets])
    with pytest.raises(DataError, match="between 0 and 1"):
        FastSummariser().fit(stories, [np.where(target > 0, np.nan, target) for target in targets])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("words", None),
        ("words", np.frombuffer(b"one\none", np.uint8)),
        ("words", np.frombuffer(b"two words", np.uint8)),
        ("words", np.frombuffer(b"\xff", np.uint8)),
        ("idf", np.zeros(3, np.float32)),
        ("linear.plain", np.zeros((3, len(SENTENCE_FEATURES)))),
        ("linear.plain", np.zeros((3, 2))),
        ("linear.words", np.zeros((2, 1), np.float16)),
        ("linear.bias", np.array([np.nan])),
        ("trees.features", np.zeros((2, 6), np.int16)),
        ("trees.features", np.full((25, 63), 999, np.int16)),
        ("trees.features", np.zeros((2, 3), np.float32)),
        ("trees.thresholds", np.zeros((1, 1), np.float32)),
        ("trees.values", np.zeros((25, 3), np.float32)),
        ("trees.base", np.zeros(2)),
    ],
)
def test_a_damaged_model_is_refused(fitted: FastSummariser, name: str, value: NDArray[np.generic] | None) -> None:
    good = artefact(fitted)
    tensors = {key: array for key, array in good.tensors.items() if key != name}
    if value is not None:
        tensors[name] = value
    with pytest.raises(ModelError, match=name.split(".")[0]):
        FastSummariser.from_artefact(dataclasses.replace(good, tensors=tensors))


@pytest.mark.parametrize(
    "change", [{"parameters": None}, {"parameters": {"trees": 3, "wings": 2}}, {"features": ["index"]}]
)
def test_a_config_of_something_else_is_refused(fitted: FastSummariser, change: dict[str, object]) -> None:
    good = artefact(fitted)
    with pytest.raises(ModelError, match=r"config\.json|sentence features"):
        FastSummariser.from_artefact(dataclasses.replace(good, config={**good.config, **change}))


def test_the_model_folder_is_small(fitted: FastSummariser, tmp_path: Path) -> None:
    save_artefact(artefact(fitted), tmp_path / "model")
    assert load_artefact(tmp_path / "model").adapter == {}
    assert sum(file.stat().st_size for file in (tmp_path / "model").iterdir()) < 1_000_000


def test_torch_is_never_imported(fitted: FastSummariser, tmp_path: Path) -> None:
    save_artefact(artefact(fitted), tmp_path / "model")
    code = (
        "import sys\n"
        "from models.summary import SummaryModel\n"
        "from models.story import read_story\n"
        "from models.selection import Budget\n"
        "model = SummaryModel.load(sys.argv[1])\n"
        "story = read_story('The harbour will close. Officials announced it on Monday. Nobody came.')\n"
        "texts = [sentence.text for sentence in story.sentences]\n"
        "assert model.choose(model.scorer.scores([story])[0], texts, Budget())\n"
        "assert not {'torch', 'transformers', 'sklearn'} & set(sys.modules), 'imported'\n"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model")], check=True, cwd=root)


def test_trees_decide_as_scikit_learn_does() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    draw = np.random.default_rng(7)
    rows = draw.normal(size=(400, 4)).astype(np.float32)
    rows[:, 1] = rows[:, 1].round(1)
    targets = (rows[:, 0] * rows[:, 1] + 0.3 * draw.normal(size=400) > 0).astype(np.float32)
    settings = {"max_iter": 30, "max_leaf_nodes": 7, "max_depth": 5, "min_samples_leaf": 5}
    trees = Trees.fit(rows, targets, **settings)
    theirs = HistGradientBoostingClassifier(random_state=13, early_stopping=False, **settings)
    with threadpool_limits(1):
        theirs.fit(rows, targets)
    np.testing.assert_allclose(trees.logits(rows), theirs.decision_function(rows), atol=1e-5)
    other = draw.normal(size=(5000, 4)).astype(np.float32)
    np.testing.assert_allclose(trees.logits(other), theirs.decision_function(other), atol=1e-5)


def features(*stories: Story, words: tuple[str, ...] = ("the", "harbour", "vote")) -> dict[str, NDArray[np.float32]]:
    batch = Batch.read(stories, KeyTable(hash_words(words).hashes))
    table = sentence_features(batch, np.array([1.0] + [4.0] * (len(words) - 1) + [7.0]))
    return dict(zip(SENTENCE_FEATURES, table.T, strict=True))


def test_features_say_what_they_are_named_for() -> None:
    found = features(
        story(
            "The harbour vote drew 3 crowds.",
            "But the harbour vote, they said, \"was 'lost'\"!",
            "Why?",
            "The harbour vote drew 3 crowds.",
            title="Harbour vote",
        )
    )
    assert found["index"].tolist() == [0, 1, 2, 3]
    assert found["from_end"].tolist() == [3, 2, 1, 0]
    assert found["words"].tolist() == [6, 8, 1, 6]
    assert found["words_before"].tolist() == [0, 6, 8, 1]
    assert found["words_after"].tolist() == [8, 1, 6, 0]
    assert found["numbers"].tolist() == [1, 0, 0, 1]
    assert found["quotes"].tolist() == [0, 3, 0, 0]
    assert found["questions"].tolist() == [0, 0, 1, 0]
    assert found["ends"].tolist() == [1, 1, 1, 1]
    assert found["leans"].tolist() == [0, 1, 0, 0]
    assert found["next_leans"].tolist() == [1, 0, 0, 0]
    np.testing.assert_allclose(found["lead"][[0, 2, 3]], [1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(found["novelty"][[0, 2, 3]], [1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(found["before"][1:], found["after"][:-1])
    assert found["title"][0] > found["title"][2] == 0
    assert found["repeated_pairs"][0] == found["repeated_pairs"][3] > found["repeated_pairs"][2] == 0


def test_features_do_not_cross_from_story_to_story() -> None:
    one = story("The harbour vote drew crowds.", "They left.")
    other = story("The harbour vote drew crowds.", "Crowds left the harbour.", title="Crowds")
    alone, together = features(one), features(other, one, other)
    for name, values in alone.items():
        assert values.tobytes() == together[name][2:4].tobytes(), name


def test_batches_hold_every_story_once() -> None:
    stories = [story("word " * size) for size in (1, 200_000, 3, 60_000, 5)]
    assert [row for part in story_batches(stories) for row in part] == stories
    assert max(map(len, story_batches([story("x")] * 5000))) == MOST_STORIES
    assert list(story_batches([])) == []
