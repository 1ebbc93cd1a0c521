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
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    for package in ("models", "training", "inference"):
        logging.getLogger(package).setLevel(logging.INFO)
    try:
        app()
    except CopydeskError as error:
        _fail(str(error), 2)
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        _fail("interrupted.", 1)
    except OSError as error:
        _fail(f"{error.filename or 'copydesk'}: {error.strerror or error}", 1)
    sys.exit(0)


def _fail(message: str, code: int) -> NoReturn:
    sys.stderr.write("copydesk: " + " ".join(message.split()) + "\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
