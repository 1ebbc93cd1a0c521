"""The lines of a text file of any length, whatever wrote it: packed, UTF-16 or Windows-1252, with any line ends."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import logging
import lzma
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from models.errors import DataError
from models.records import CP1252

log = logging.getLogger(__name__)
PACKED = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\x00", ".zst": b"\x28\xb5\x2f\xfd"}
"""How a packed file's name ends, and how its content begins."""
LOOKED_AT = 1 << 16
"""Bytes of a beginning in which line ends are looked for."""
_END = re.compile(rb"\n|\r\n|\r(?!\Z)")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DAMAGES = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


class TextLines:
    """A text file's lines, which can be read from the beginning any number of times.

    A file is packed as its name says, or else as its content does. It is UTF-16 by its mark, else UTF-8, in which stray
    bytes are Windows-1252, which is told once. Lines end as the first one does: with a line feed, or with a carriage
    return alone.
    """

    def __init__(self, path: Path, largest: int) -> None:
        """Of the file at `path`; a line of more than `largest` bytes is cut after one byte more."""
        self.path, self.largest = path, largest
        self.total = path.stat().st_size
        self._told = False

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """Every line, UTF-8 by now, and how far into the file it ends.

        Raises:
            DataError: the file cannot be read to its end.
        """
        number = 0
        try:
            with _opened(self.path) as (raw, stream):
                for line in _utf8_lines(stream, self.largest):
                    number += 1
                    yield self._utf8(line, number), raw.tell()
        except _DAMAGES as error:
            raise DataError(f"{self.path}: cannot be read after line {number} ({_reason(error)}).") from error

    def beginning(self) -> bytes:
        """The first bytes that are no space; none where the file is empty, or cannot be unpacked."""
        try:
            for line, _ in self:
                if line.strip():
                    return line.lstrip()
        except DataError:
            pass
        return b""

    def text(self) -> str:
        """The whole text.

        Raises:
            DataError: the file cannot be read to its end, or is no text.
        """
        try:
            with _opened(self.path) as (_, stream):
                data = stream.read()
        except _DAMAGES as error:
            raise DataError(f"{self.path}: cannot be read ({_reason(error)}).") from error
        self._told = True
        return decode_text(data, str(self.path))

    def _utf8(self, line: bytes, number: int) -> bytes:
        try:
            line.decode()
        except UnicodeDecodeError:
            if len(line) > self.largest:
                return line  # it may be cut within a character, and is not read anyway
            if not self._told:
                _tell(str(self.path), number)
            self._told = True
            return line.decode("utf-8", CP1252).encode()
        return line


def decode_text(data: bytes, name: str) -> str:
    """A whole text: UTF-16 by its mark, else UTF-8, in which stray bytes are Windows-1252, with a warning.

    Raises:
        DataError: it holds NUL bytes and is no text.
    """
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:4096]:
        raise DataError(f"{name}: is no text file (it holds NUL bytes); pass plain text, HTML, CSV or JSON Lines.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _tell(name, data.count(b"\n", 0, error.start) + 1)
        return data.decode("utf-8-sig", CP1252)


def _tell(name: str, number: int) -> None:
    log.warning("%s: line %d is not UTF-8; such bytes are read as Windows-1252.", name, number)


def packing_of(path: Path) -> str | None:
    """How a file is packed, by its name or else by its content: one of `PACKED`; None where it is not."""
    if path.suffix.lower() in PACKED:
        return path.suffix.lower()
    with path.open("rb") as stream:
        begins = stream.read(max(map(len, PACKED.values())))
    return next((name for name, mark in PACKED.items() if begins.startswith(mark)), None)


def _zstandard(raw: Any) -> Any:
    import pyarrow

    return pyarrow.CompressedInputStream(raw, "zstd")


_UNPACKERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": _zstandard}


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The file as it lies on the disk, and what it holds."""
    packing = packing_of(path)
    with ExitStack() as closing:
        raw = closing.enter_context(path.open("rb", 1 << 18))
        if packing is None:
            yield raw, raw
            return
        yield raw, closing.enter_context(io.BufferedReader(_UNPACKERS[packing](raw), LOOKED_AT))


def _reason(error: Exception) -> object:
    return (error.strerror if isinstance(error, OSError) else None) or error


def _utf8_lines(stream: Any, largest: int) -> Iterator[bytes]:
    """Lines of at most `largest` + 1 bytes that end with a line feed; what is beyond is passed over."""
    begins = stream.peek(LOOKED_AT)
    old = _by_carriage_returns(begins)
    end = "\r" if old else "\n"
    if begins.startswith(_UTF16):
        with io.TextIOWrapper(stream, "utf-16", "replace", newline=end) as texts:
            for text in _bounded(texts, end, largest):
                yield text.replace("\r", "\n").encode("utf-8", "replace") if old else text.encode("utf-8", "replace")
        return
    if begins.startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
    if old:
        with io.TextIOWrapper(stream, "latin-1", newline=end) as texts:  # a character for each byte
            for text in _bounded(texts, end, largest):
                yield text.replace("\r", "\n").encode("latin-1")
        return
    yield from _bounded(stream, b"\n", largest)


def _by_carriage_returns(begins: bytes) -> bool:
    """Whether the first line, as a file begins, ends as on old Macs; a cell in quotation marks may have other ends."""
    plain = begins.replace(b"\x00", b"")  # of UTF-16
    found = _END.search(b"".join(plain.split(b'"')[::2])) or _END.search(plain)
    return found is not None and found[0] == b"\r"


def _bounded(reader: Any, end: Any, largest: int) -> Iterator[Any]:
    while line := reader.readline(largest + 1):
        yield line
        while len(line) > largest and not line.endswith(end):
            line = reader.readline(largest + 1)
