"""The files that an evaluation or an audit leaves behind: checked before the work, and written whole."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from models.errors import DataError

HTML, MARKDOWN = "report.html", "summary.md"
"""The files of --report."""

STANDARD_OUTPUT = Path("-")
"""What --json may name instead of a file."""


def data_path(data: str) -> Path:
    """The file or folder that DATA names, its split left away; a path that leads nowhere where it is of the hub."""
    whole_name = os.path.expanduser(data)
    return Path(whole_name if os.path.exists(whole_name) or "#" not in data else whole_name.rpartition("#")[0])


def check_files(files: Mapping[str, Path | None], inputs: Iterable[Path], *, report: Path | None = None) -> None:
    """Find out before the work, and not after it, that what it leaves behind cannot be written.

    Args:
        files: the file that each option names; None where it is not asked for.
        inputs: files, and folders of files, that are read.
        report: the folder that --report names.

    Raises:
        DataError: a file is one of the inputs, a folder, or named twice, or no file can be made where it shall stand.
    """
    inputs = list(inputs)
    taken: dict[Path, str] = {}
    for option, path in files.items():
        if path is None or path == STANDARD_OUTPUT:
            continue
        _check_place(path, option, folder=False)
        if any(_is_read(path, read) for read in inputs):
            raise DataError(f"{path}: is the input; name another file for {option}.")
        other = taken.setdefault(path.resolve(), option)
        if other != option:
            raise DataError(f"{path}: {other} and {option} name the same file; name another for one of them.")
    if report is not None:
        _check_place(report, "--report", folder=True)
        for place in (report, report / HTML, report / MARKDOWN):
            if (same := taken.get(place.resolve())) is not None:
                raise DataError(f"{place}: {same} and --report name the same file; name another for one of them.")


def _check_place(path: Path, option: str, *, folder: bool) -> None:
    """Whether a file can be made at a path, or in the folder that it is; nothing is left behind."""
    kind = "folder" if folder else "file"
    try:
        if path.exists() and path.is_dir() is not folder:
            raise DataError(f"{path}: is a {'file' if folder else 'folder'}; name a {kind} for {option}.")
        if _is_device(path):
            return
        place = path.resolve() if folder else path.resolve().parent
        while not place.exists():
            place = place.parent
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{path}: cannot be written ({reason}); name another {kind} for {option}.") from error


def _is_read(path: Path, read: Path) -> bool:
    """Whether a file is one that is read, or stands in a folder that is."""
    if not path.exists() or not os.path.exists(read):
        return False
    return path.resolve().is_relative_to(read.resolve()) if read.is_dir() else path.samefile(read)


def _is_device(path: Path) -> bool:
    """Whether a path is a pipe, a terminal or the like, which is written to and not replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write beside another, whose place it takes once it is whole; where that fails nothing has changed.

    Raises:
        DataError: it cannot be written.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.replace(target)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error}).") from error
    finally:
        with suppress(OSError):
            beside.unlink()


def write_text(text: str, path: Path) -> None:
    """Write to a file, or to standard output where the path is `STANDARD_OUTPUT`.

    Raises:
        DataError: the file cannot be written.
    """
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
    elif _is_device(path):
        path.write_text(text, encoding="utf-8", newline="\n")
    else:
        with replacing(path) as beside:
            beside.write_text(text, encoding="utf-8", newline="\n")
