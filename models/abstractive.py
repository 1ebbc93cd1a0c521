"""The abstractive engine: a language model that writes a brief or a headline from a story's best sentences.

What training learned is a LoRA adapter (or the changed weights) on an unchanged base. Nothing that comes out of here
has been checked against the story: see `models.faithfulness` for that.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.artefact import Arrays, Artefact, load_artefact
from models.encoder import merge_adapter
from models.errors import ModelError
from models.language_model import LanguageModel, load_language_model, working_dtype
from models.schema import check_config
from models.sentences import split_sentences

TARGETS = ("summary", "headline")
_CUE = {"summary": "\n\nSummary:", "headline": "\n\nHeadline:"}
_CLOSED = re.compile(r"""[.!?…]["”’')\]]*$""")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Writing:
    """How a text is written.

    Attributes:
        target: "summary" or "headline".
        source_tokens: tokens of the story that the model sees.
        most_tokens: tokens it may write.
        beams: width of the beam search (Graves, "Sequence Transduction with Recurrent Neural Networks", 2012), and the
            number of candidates.
        no_repeat: no run of so many tokens is written twice.
        length_penalty: above 0 favours longer candidates.
    """

    target: str = "summary"
    source_tokens: int = 128
    most_tokens: int = 64
    beams: int = 4
    no_repeat: int = 3
    length_penalty: float = 1.0

    @classmethod
    def of(cls, target: str) -> Writing:
        """The defaults of a target."""
        if target == "headline":
            return cls(target, source_tokens=192, most_tokens=32)
        return cls(target)


def source_of(sentences: Sequence[str], scores: NDArray[Any], tokenizer: Any, limit: int) -> str:
    """The story's best sentences, in its order, up to a number of tokens.

    Sentences are taken by falling score while they fit; the best one is always taken, and cut by the model where it is
    longer than the limit.
    """
    if not sentences:
        return ""
    sizes = [len(ids) for ids in tokenizer(list(sentences), add_special_tokens=False)["input_ids"]]
    taken: list[int] = []
    room = limit
    for index in np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable").tolist():
        if sizes[index] < room or not taken:  # a space between two sentences may cost a token
            taken.append(index)
            room -= sizes[index] + 1
    return " ".join(sentences[index] for index in sorted(taken))


def prompt_ids(source: str, model: LanguageModel, writing: Writing) -> list[int]:
    """The tokens that the model reads before it writes."""
    tokenizer = model.tokenizer
    if not model.causal:
        ids: list[int] = tokenizer(source, truncation=True, max_length=writing.source_tokens)["input_ids"]
        return ids
    cue: list[int] = tokenizer(_CUE[writing.target], add_special_tokens=False)["input_ids"]
    story: list[int] = tokenizer(source, add_special_tokens=False)["input_ids"][: writing.source_tokens]
    begin = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    return begin + story + cue


def target_ids(text: str, model: LanguageModel) -> list[int]:
    """The tokens that the model is to write for a text, the end of it included."""
    text = f" {text}" if model.causal else text
    ids: list[int] = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    return [*ids, model.tokenizer.eos_token_id]


def padded(rows: Sequence[Sequence[int]], value: int, *, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids of equal length, and the mask: both `(n_rows, n_tokens)`.

    What continues a text is to be padded on the left, so that all rows end together; what reads one on the right, so
    that no word's place is shifted.
    """
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), value)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for row, tokens in enumerate(rows):
        place = slice(width - len(tokens), width) if left else slice(0, len(tokens))
        ids[row, place] = torch.tensor(tokens)
        mask[row, place] = 1
    return ids, mask


class Writer:
    """A base model with what was learnt of one target.

    Args:
        base: hub id, folder or name of the base model.
        writing: how it writes.
        adapter: LoRA pairs or changed weights, see `models.encoder.merge_adapter`.
        scale: alpha over rank.
        sha256: of the base's weights; "" for any.
        dtype: "auto" (bfloat16 where the processor has it), or "float32".
    """

    engine = "abstractive"

    def __init__(
        self,
        base: str,
        writing: Writing,
        adapter: Arrays,
        scale: float = 1.0,
        *,
        sha256: str = "",
        dtype: str = "auto",
    ) -> None:
        """Keep what is needed; the base is loaded when something is first to be written."""
        self.base, self.writing, self.adapter, self.scale = base, writing, adapter, scale
        self.sha256, self.dtype = sha256, dtype
        self._model: LanguageModel | None = None
        self._loading = threading.Lock()

    @classmethod
    def over(cls, model: LanguageModel, writing: Writing) -> Writer:
        """A writer over a model that is loaded already, such as one in training."""
        writer = cls("", writing, {})
        writer._model = model
        return writer

    @property
    def model(self) -> LanguageModel:
        """The base with the adapter merged into it, loaded once.

        Raises:
            ModelError: the base is missing, or is not the one the adapter was trained on.
        """
        with self._loading:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> LanguageModel:
        model = load_language_model(self.base)
        if self.sha256 and model.sha256 != self.sha256:
            raise ModelError(
                f"base model {self.base!r}: SHA-256 {model.sha256}, but the adapter was trained on {self.sha256}; "
                "fetch that version of it, or retrain."
            )
        learnt = {key: torch.from_numpy(np.array(value)) for key, value in self.adapter.items()}
        merge_adapter(model.module, learnt, self.scale)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        kind = working_dtype() if self.dtype == "auto" else torch.float32
        model.module.eval().requires_grad_(False).to(device=device, dtype=kind)
        model.module.get_output_embeddings().register_forward_pre_hook(_contiguous)
        return model

    def source(self, sentences: Sequence[str], scores: NDArray[Any]) -> str:
        """What the model is shown of a story; see `source_of`."""
        return source_of(sentences, scores, self.model.tokenizer, self.writing.source_tokens)

    def candidates(
        self,
        sources: Sequence[str],
        *,
        beams: int | None = None,
        batch: int = 4,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[str]]:
        """What the model writes for each source, likeliest first; nothing for an empty one.

        Every candidate ends with a whole sentence: what was broken off at the limit of tokens is left out.

        Args:
            sources: see `source`.
            beams: another number of candidates than `writing.beams`; 1 is greedy.
            batch: sources written for at once, those of similar length together.
            on_progress: called with the number of sources just written for.
        """
        writing = replace(self.writing, beams=beams) if beams else self.writing
        results: list[list[str]] = [[] for _ in sources]
        prompts = {row: prompt_ids(text, self.model, writing) for row, text in enumerate(sources) if text.strip()}
        order = sorted(prompts, key=lambda row: len(prompts[row]))
        for rows in (order[first : first + batch] for first in range(0, len(order), batch)):
            for row, texts in zip(rows, self._write([prompts[row] for row in rows], writing), strict=True):
                results[row] = texts
            if on_progress is not None:
                on_progress(len(rows))
        return results

    def _write(self, prompts: Sequence[Sequence[int]], writing: Writing) -> Iterator[list[str]]:
        module, tokenizer = self.model.module, self.model.tokenizer
        pair = padded(prompts, tokenizer.pad_token_id, left=self.model.causal)
        ids, mask = (tensor.to(module.device) for tensor in pair)
        with torch.inference_mode():
            read = {"past_key_values": _read_once(module, ids, mask, writing.beams)} if self.model.causal else {}
            out = module.generate(
                input_ids=ids,
                attention_mask=mask,
                **read,
                max_new_tokens=writing.most_tokens,
                min_new_tokens=1,
                num_beams=writing.beams,
                num_return_sequences=writing.beams,
                early_stopping=writing.beams > 1,
                length_penalty=writing.length_penalty,
                no_repeat_ngram_size=writing.no_repeat,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )
        written = out[:, ids.shape[1] :] if self.model.causal else out
        texts = tokenizer.batch_decode(written, skip_special_tokens=True)
        for first in range(0, len(texts), writing.beams):
            whole = (finished(text, writing.target) for text in texts[first : first + writing.beams])
            yield list(dict.fromkeys(text for text in whole if text))

    def config(self) -> dict[str, Any]:
        """Its part of `config.json`."""
        return {
            "base": {"name": self.base, "sha256": self.sha256, "adapter_scale": self.scale},
            "writing": asdict(self.writing),
        }

    def artefact(self, training: dict[str, Any], card: str) -> Artefact:
        """The writer as a folder's contents: the adapter, never the base."""
        config = {"task": "summariser", "engine": self.engine, **self.config()}
        return Artefact(config, {}, training, card, self.adapter)

    @classmethod
    def load(cls, folder: Path | str, **options: Any) -> Writer:
        """Read a writer's folder; `options` reach the class (dtype).

        Raises:
            ModelError: the folder holds no sound writer.
        """
        return cls.from_artefact(load_artefact(folder, task="summariser"), **options)

    @classmethod
    def from_artefact(cls, artefact: Artefact, **options: Any) -> Writer:
        """As saved."""
        if artefact.config.get("engine") != cls.engine:
            raise ModelError(f"{artefact.folder}: holds no abstractive model but {artefact.config.get('engine')!r}.")
        check_config(artefact)
        base: Mapping[str, Any] = artefact.config["base"]
        return cls(
            base["name"],
            Writing(**artefact.config["writing"]),
            artefact.adapter,
            float(base["adapter_scale"]),
            sha256=base["sha256"],
            **options,
        )


def _read_once(module: Any, ids: torch.Tensor, mask: torch.Tensor, beams: int) -> Any:
    """What a causal model keeps of the prompts but for their last tokens: `generate` would read one for every beam."""
    from transformers import DynamicCache

    cache = DynamicCache(config=module.config)
    module.get_decoder()(
        input_ids=ids[:, :-1],
        attention_mask=mask[:, :-1],
        position_ids=(mask.cumsum(1) - 1).clamp(min=0)[:, :-1],
        past_key_values=cache,
        use_cache=True,
    )
    cache.batch_repeat_interleave(beams)
    return cache


def _contiguous(_: Any, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
    """The last states of a batch in one piece: else torch copies the vocabulary's weights once for every row."""
    return (inputs[0].contiguous(),)


def finished(text: str, target: str) -> str:
    """A written text without what was broken off; a headline is one line without a full stop."""
    if target == "headline":
        line = _SPACE.sub(" ", text.strip().split("\n")[0]).strip()
        return line.removesuffix(".") if not line.endswith("..") else line
    text = _SPACE.sub(" ", text).strip()
    spans = split_sentences(text)
    sentences = [text[start:end].strip() for start, end in spans]
    while sentences and not _CLOSED.search(sentences[-1]):
        sentences.pop()
    return " ".join(sentences)
