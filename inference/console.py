"""The `copydesk` command: joins the commands of inference and of training, and turns errors into exit codes.

Exit codes: 0 done, 1 a failure, 2 wrong usage or unusable input, with one line on standard error.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

import typer

from inference.cli import predict_command
from inference.serve import serve_command
from models.errors import CopydeskError
from training.audit_cli import audit_command
from training.cli import train_app
from training.evaluate_cli import evaluate_app

app = typer.Typer(
    help="Labels news stories with topics and writes their briefs, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("predict")(predict_command)
app.command("serve")(serve_command)
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")
app.command("audit")(audit_command)


def main() -> NoReturn:
    """Run the command line."""
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:  # the shell has closed it (>&-): what is written there is not wanted
            setattr(sys, stream, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    for package in ("models", "training", "inference"):
        logging.getLogger(package).setLevel(logging.INFO)
    try:
        _run()
    except CopydeskError as error:
        _fail(str(error), 2)
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        _fail("interrupted.", 1)
    except OSError as error:
        reason = error.strerror or str(error)
        _fail(f"{error.filename}: {reason}" if error.filename else reason, 1)
    sys.exit(0)


def _run() -> None:
    """Run the command, and write out what it has printed.

    Raises:
        BrokenPipeError: nobody reads that any more; typer and rich make an exit code of 1 of it.
    """
    try:
        app()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        raise
    finally:
        sys.stdout.flush()


def _fail(message: str, code: int) -> NoReturn:
    lines = (line.strip() for line in message.splitlines())  # spaces within a line may be those of a path
    sys.stderr.write("copydesk: " + " ".join(line for line in lines if line) + "\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
