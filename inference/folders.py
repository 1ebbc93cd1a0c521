"""Folders of text and HTML files as rows, a file a row."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inference.rows import LARGEST_ROW, TEXT_FILES, Row
from models.errors import DataError
from models.lines import decode_text


class Folder:
    """Text and HTML files of a folder and its subfolders, by name, or a single such file; a file is a row."""

    def __init__(self, path: Path) -> None:
        """Count the files.

        Raises:
            DataError: there are none.
        """
        self.path = path
        self.total = sum(1 for _ in self._files())
        if not self.total:
            raise DataError(f"{path}: the folder has no {', '.join(TEXT_FILES)} files.")

    def identity(self) -> dict[str, Any]:
        """The folder's name, the number of its files, and a hash of their names and sizes."""
        digest = hashlib.sha256()
        for path in self._files():
            size = path.stat().st_size if path.exists() else -1
            digest.update(f"{path.relative_to(self.path)}\0{size}\n".encode("utf-8", "surrogateescape"))
        return {"name": self.path.name, "files": self.total, "sha256": digest.hexdigest()}

    def _files(self) -> Iterator[Path]:
        if self.path.is_file():
            yield self.path
            return
        for folder, below, names in os.walk(self.path):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith(".") and Path(name).suffix.lower() in TEXT_FILES:
                    yield Path(folder, name)

    def __iter__(self) -> Iterator[Row]:
        """Every file, in order; the id is the path below the folder."""
        for number, path in enumerate(self._files(), start=1):
            name = path.name if path == self.path else path.relative_to(self.path).as_posix()
            name = name.encode("utf-8", "replace").decode()
            try:
                text = _text_of(path, name)
            except OSError as error:
                yield Row(name, error=f"{name}: cannot be read ({error.strerror})", position=number)
            except DataError as error:
                yield Row(name, error=str(error).removesuffix("."), position=number)
            else:
                yield Row(name, text, position=number)


def _text_of(path: Path, name: str) -> str:
    with path.open("rb") as stream:
        data = stream.read(LARGEST_ROW + 1)
    if len(data) > LARGEST_ROW:
        raise DataError(f"{name}: longer than {LARGEST_ROW:,} bytes")
    text = decode_text(data, name)
    if not text.strip():
        raise DataError(f"{name}: empty text")
    return text
