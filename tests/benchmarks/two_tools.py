"""Whole predictions beside two tools one after the other: a DistilBERT classifier, then bert-extractive-summarizer.

    python tests/benchmarks/two_tools.py [DATA] [--stories 12] [--repeats 2]

The classifier is DistilBERT of the usual size, float32, 16 stories at once, the first 512 tokens of each. The
summariser is the library as it comes (`pip install bert-extractive-summarizer`), three sentences of each story, once
with the BERT-large that it takes unless told otherwise and once with DistilBERT. No weights are fetched: theirs are
random, which costs the same; the tokens are those of our encoder, which has BERT's vocabulary. The three take turns;
BERT-large reads every sixth story only. Without DATA the stories are made of those in seeds/.
"""

from __future__ import annotations

import argparse
import collections
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
import transformers
from throughput import WORDS, medians, stories

from inference import Copydesk

LABELS, TOGETHER, MOST_TOKENS, SENTENCES = 17, 16, 512, 3
BIG = 6  # of so many stories one is read by BERT-large


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?")
    parser.add_argument("--stories", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    texts = stories(arguments.data, arguments.stories)
    desk = Copydesk.from_pretrained()
    desk.predict(texts[:8])
    assert desk.topics is not None
    tokenizer = tokenizer_of(desk.topics.scorer.encoder)
    classify = classifier(tokenizer)
    small = summariser(tokenizer, transformers.DistilBertModel(distilbert(output_hidden_states=True)))
    large = summariser(tokenizer, transformers.BertModel(bert_large()))
    some = texts[::BIG]
    seconds = medians(
        {
            "ours": lambda: collections.deque(desk.stream(texts), 0),
            "classifier": lambda: classify(texts),
            "small": lambda: [small(text) for text in texts],
            "large": lambda: [large(text) for text in some],
        },
        arguments.repeats,
    )
    each = {name: took / len(some if name == "large" else texts) for name, took in seconds.items()}
    print(f"whole prediction, standard engine: {1 / each['ours']:.2f} stories/s of {WORDS} words")
    print(f"classifier alone: {1 / each['classifier']:.2f} stories/s")
    for name, what in (("large", "BERT-large, its default"), ("small", "DistilBERT")):
        both = each["classifier"] + each[name]
        print(
            f"classifier, then summariser with {what}: {1 / both:.2f} stories/s; ours {both / each['ours']:.1f} times"
        )


def distilbert(**options: Any) -> transformers.DistilBertConfig:
    return transformers.DistilBertConfig(vocab_size=30_522, **options)


def bert_large() -> transformers.BertConfig:
    return transformers.BertConfig(
        vocab_size=30_522,
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        output_hidden_states=True,
    )


def tokenizer_of(encoder: Any) -> Any:
    """An encoder's tokenizer, as transformers has them."""
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=encoder.tokenizer, pad_token="[PAD]", unk_token="[UNK]"
    )


def classifier(tokenizer: Any) -> Callable[[list[str]], None]:
    model: Any = transformers.DistilBertForSequenceClassification(distilbert(num_labels=LABELS)).eval()

    def classify(texts: list[str]) -> None:
        with torch.inference_mode():
            for first in range(0, len(texts), TOGETHER):
                batch = tokenizer(
                    texts[first : first + TOGETHER],
                    truncation=True,
                    max_length=MOST_TOKENS,
                    padding=True,
                    return_tensors="pt",
                )
                model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.sigmoid()

    return classify


def clusterer(tokenizer: Any, model: Any) -> Any:
    """The library's summariser around a model.

    Raises:
        ImportError: it is not installed.
    """
    for name in ("TransfoXLModel", "TransfoXLTokenizer"):  # the library imports them; transformers 5 has them no more
        vars(sys.modules["transformers"]).setdefault(name, None)
    from summarizer import Summarizer

    warnings.simplefilter("ignore")  # scikit-learn's, where sentences may be equal to it, or fewer than clusters
    return Summarizer(custom_model=model.eval(), custom_tokenizer=tokenizer)


def summariser(tokenizer: Any, model: Any) -> Callable[[str], str]:
    """It as a function of a story."""
    found = clusterer(tokenizer, model)

    def summarise(text: str) -> str:
        with torch.inference_mode():
            return str(found(text, num_sentences=SENTENCES))

    return summarise


if __name__ == "__main__":
    main()
