"""Results on their way to a file: kept line by line in a part file that an interrupted run goes on with.

Beside `out.csv` stand `out.csv.part`, a JSON object for each row that is done, and `out.csv.part.state`, which says
how many bytes of it count and which job they belong to. Only a finished run makes `out.csv`, in one rename.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from models.errors import DataError

try:
    import fcntl
except ImportError:  # where there is no such lock, two runs with one output are the caller's care
    fcntl = None  # type: ignore[assignment]

SCHEMA = (
    ("id", "string"),
    ("topics", "strings"),
    ("scores", "numbers"),
    ("summary", "string"),
    ("warnings", "strings"),
    ("status", "string"),
    ("error", "string"),
)
"""The columns of a result, in order."""
OUTPUTS = (".jsonl", ".csv", ".parquet")
SECONDS_BETWEEN_STATES = 1.0

Result = Mapping[str, Any]


def check_output(output: Path, *inputs: Path) -> None:
    """Find out before the work, and not after it, that its results cannot be written; makes the folder for them.

    Raises:
        DataError: the output is a folder or one of the inputs, or no file can be made beside it.
    """
    if output.is_dir():
        raise DataError(f"{output}: is a folder; name a file for --output.")
    try:
        if any(output.exists() and path.exists() and output.samefile(path) for path in inputs):
            raise DataError(f"{output}: is the input; name another file for --output.")
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{output}: cannot be written ({reason}); name another file for --output.") from error


class Spool:
    """The part file of an output.

    Args:
        output: the file that is made in the end; its suffix says in which form.
        job: what must be equal for a run to go on after another: input, models, options.
        resume: go on after an interrupted run of the same job, where there was one.

    Attributes:
        rows: how many rows are done.
        errors: how many of them have the status "error".

    Raises:
        DataError: the suffix is unknown, the output cannot be written, another run is writing it, or an interrupted run
            is in the way, or is not of this job.
    """

    def __init__(self, output: Path, job: Mapping[str, Any], *, resume: bool = False) -> None:
        """Open the part file; see the class for the arguments."""
        if output.suffix.lower() not in OUTPUTS:
            raise DataError(f"{output}: unknown kind of output; end --output with {', '.join(OUTPUTS)}.")
        check_output(output)
        self.output = output
        self.part = output.with_name(f"{output.name}.part")
        self.state = output.with_name(f"{output.name}.part.state")
        self.job = json.loads(json.dumps(job))
        self.rows = self.errors = self._bytes = 0
        new = not self.part.exists()
        self._stream = self._locked()
        try:
            self._go_on(resume)
        except DataError:
            self._stream.close()
            if new:
                self.part.unlink(missing_ok=True)
            raise
        self._stream.truncate(self._bytes)
        self._stream.seek(self._bytes)
        self._saved = float("-inf")

    def _locked(self) -> IO[bytes]:
        """The part file, which no other process writes to as long as it is open."""
        stream = open(os.open(self.part, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)  # noqa: SIM115
        held = False
        try:
            if fcntl is not None:
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            held = error.errno in (errno.EACCES, errno.EAGAIN)  # else there are no locks on this file system
        if held or not self._is_part(stream):
            stream.close()
            raise DataError(
                f"{self.part}: another run is writing to {self.output}; wait for it, or name another --output."
            )
        return stream

    def _is_part(self, stream: IO[bytes]) -> bool:
        """Whether a file is still the part file: the run that held it may just have made its output of it."""
        try:
            return os.path.samestat(os.fstat(stream.fileno()), self.part.stat())
        except OSError:
            return False

    def _go_on(self, resume: bool) -> None:
        """Take up the state of an interrupted run."""
        if not self.state.exists():
            return
        try:
            state = json.loads(self.state.read_text(encoding="utf-8"))
            rows, errors, size, job = state["rows"], state["errors"], state["bytes"], dict(state["job"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self.state}: damaged; delete it and {self.part.name} to begin again.") from error
        if not rows:
            return
        if not resume:
            raise DataError(
                f"{self.part}: holds {rows:,} rows of an interrupted run; add --resume to go on after them, or delete "
                f"it and {self.state.name} to begin again."
            )
        for name in sorted({*job, *self.job}):
            if job.get(name) != self.job.get(name):
                raise DataError(
                    f"--resume: {name} was {_shown(job.get(name))} in the interrupted run and is "
                    f"{_shown(self.job.get(name))} now; use the same, or delete {self.part} and {self.state.name}."
                )
        if not self.part.is_file() or self.part.stat().st_size < size:
            raise DataError(f"{self.part}: is shorter than {self.state.name} says; delete both to begin again.")
        self.rows, self.errors, self._bytes = rows, errors, size

    def add(self, results: Sequence[Result]) -> None:
        """Append rows, whole or not at all.

        Raises:
            OSError: they cannot be written.
        """
        data = "".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results).encode("utf-8", "replace")
        view = memoryview(data)
        try:
            while view:
                view = view[self._stream.write(view) :]
        except OSError as error:
            raise _named(error, self.part) from error
        self._bytes += len(data)
        self.rows += len(results)
        self.errors += sum(result["status"] != "ok" for result in results)
        if time.monotonic() - self._saved >= SECONDS_BETWEEN_STATES:
            self.save()

    def save(self) -> None:
        """Write down what is done, so that it is not lost whatever comes."""
        state = {"rows": self.rows, "errors": self.errors, "bytes": self._bytes, "job": self.job}
        beside = self.state.with_name(f"{self.state.name}.new")
        try:
            os.fsync(self._stream.fileno())
            with beside.open("w", encoding="utf-8") as stream:
                stream.write(json.dumps(state) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(self.state)
        except OSError as error:
            raise _named(error, self.state) from error
        self._saved = time.monotonic()

    def finish(self) -> None:
        """Make the output out of the part file, and remove what is no longer needed."""
        self.save()
        self._stream.truncate(self._bytes)
        self._stream.close()
        suffix = self.output.suffix.lower()
        if suffix == ".jsonl":
            self.part.replace(self.output)
        else:
            beside = self.output.with_name(f".{self.output.name}.new")
            try:
                if suffix == ".csv":
                    _write_csv(beside, self._results())
                else:
                    from inference.parquet import write_parquet

                    write_parquet(beside, self._results(), SCHEMA)
                _sync(beside)
                beside.replace(self.output)
            except OSError as error:
                raise _named(error, self.output) from error
            finally:
                beside.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop here: keep what is done for another run, or nothing where there is nothing."""
        if self._stream.closed:
            return
        try:
            if self.rows:
                self.save()
        finally:
            self._stream.close()
            if not self.rows:
                self.part.unlink(missing_ok=True)
                self.state.unlink(missing_ok=True)

    def _results(self) -> Iterator[Result]:
        with self.part.open("rb") as stream:
            for line in stream:
                yield json.loads(line)


def _named(error: OSError, path: Path) -> OSError:
    """The error with the name of its file, which those of a write lack."""
    return OSError(error.errno, error.strerror or str(error), str(path))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:99] + "…"


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _write_csv(path: Path, results: Iterator[Result]) -> None:
    """Lists are JSON in their cells, which `copydesk train` reads as lists again."""
    lists = {name for name, kind in SCHEMA if kind != "string"}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = _writer(stream)
        writer.writerow([name for name, _ in SCHEMA])
        for result in results:
            writer.writerow(
                json.dumps(result[name], ensure_ascii=False) if name in lists else result[name] for name, _ in SCHEMA
            )


def _writer(stream: IO[str]) -> Any:
    return csv.writer(stream, lineterminator="\n")
