"""Make the word vectors that the fast engine learns from beside the words: what an encoder makes of each word alone.

    python -m training.word_vectors --data A --data B --encoder models/pretrained/topics-standard --output FOLDER

The words are the commonest of the articles; their texts are used for nothing else. About four minutes for 40,000 words
on two CPU cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.ngrams import NgramVectorizer
from models.standard import EncoderSpec
from models.word_vectors import WordVectors
from training.data import Articles, read_articles
from training.provenance import library_versions, short_name
from training.stories import open_encoder, progress

WORDS, DIMENSIONS, FEWEST_STORIES = 40_000, 128, 5
TOGETHER = 500


def common_words(articles: Sequence[Articles], most: int) -> list[str]:
    """The words that most stories have; those of a single character, or without a letter, are none."""
    texts = [f"{title or ''}\n{text}" for part in articles for title, text in zip(part.titles, part.texts, strict=True)]
    vectorizer = NgramVectorizer(min_df=FEWEST_STORIES, max_words=2 * most, max_pairs=0).fit(texts)
    rarity = vectorizer.idf_
    words = [place for place, word in enumerate(vectorizer.words_) if len(word) > 1 and any(map(str.isalpha, word))]
    words.sort(key=lambda place: (rarity[place], vectorizer.words_[place]))
    return sorted(vectorizer.words_[place] for place in words[:most])


def word_vectors(spec: EncoderSpec, words: Sequence[str], dimensions: int) -> WordVectors:
    """The leading components of what the encoder makes of each word."""
    encoder = spec.open("float32")
    parts: list[NDArray[np.float32]] = []
    with progress("Reading words", len(words)) as advance:
        for first in range(0, len(words), TOGETHER):
            part = words[first : first + TOGETHER]
            parts.extend(story.vectors for story in encoder.encode([[word] for word in part]))
            advance(len(part))
    vectors = np.concatenate(parts).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    leading = axes[:, ::-1][:, :dimensions]
    leading *= np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(leading.shape[1])])
    return WordVectors(words, vectors @ leading)


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, action="append", help="articles with the words; may be repeated")
    parser.add_argument("--encoder", required=True, help="the encoder, or a model that has it")
    parser.add_argument("--words", type=int, default=WORDS, help=f"how many [{WORDS}]")
    parser.add_argument("--dimensions", type=int, default=DIMENSIONS, help=f"of each vector [{DIMENSIONS}]")
    parser.add_argument("--output", required=True, type=Path, help="the folder to write")
    arguments = parser.parse_args()
    articles = [read_articles(one) for one in arguments.data]
    spec = open_encoder(arguments.encoder)
    made = word_vectors(spec, common_words(articles, arguments.words), arguments.dimensions)
    names = [short_name(part.name) for part in articles]
    card = _CARD.format(
        words=len(made.words),
        dimensions=made.vectors.shape[1],
        encoder=short_name(arguments.encoder),
        data=", ".join(f"`{name}`" for name in names),
    )
    config = {"encoder": spec.config()}
    training = {"words of": names, "libraries": library_versions()}
    made.save(arguments.output, config=config, training=training, card=card)


_CARD = """# Word vectors

{words:,} words of news and a vector of {dimensions} numbers for each, from which the fast topic engine learns beside
the words themselves: `copydesk train topics --engine fast`. A trained model holds what it took of them and needs them
no more.

Each vector is what the encoder of `{encoder}` makes of the word alone: the public `all-MiniLM-L6-v2` (Apache-2.0) with
this project's LoRA weights, reduced to its leading components and to eight bits. The words are the commonest of
{data}; nothing else of those texts is in it. Made by `python -m training.word_vectors`, see
`train.sh` beside this folder; Apache-2.0, English only. What such encoders suppose of names and peoples is in
them too.
"""

if __name__ == "__main__":
    main()
