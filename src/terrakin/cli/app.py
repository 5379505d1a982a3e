"""The program `terrakin`: its verbs, and how errors become one line and an exit status."""

import errno
import gc
import os
import sys
import warnings
from functools import partial
from typing import Any, TextIO

import typer
from typer.exceptions import TyperException
from typer.main import get_command

import terrakin
from terrakin.cli import demo, doctor, duplicates, evaluate, explain, export, index, info, model, reproduce, search, show, train
from terrakin.errors import FilterError, RecipeError, TerrakinError, UnknownNameError

__all__ = ["app", "main"]

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

WRONG = (FilterError, RecipeError, UnknownNameError)
"""Errors that say the command was written wrongly; every other one says that the work failed."""

app = typer.Typer(
    help="Find places that look alike in your own satellite and aerial imagery.",
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help starts in half the time of the decorated one.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

for verb in (index, search, explain, duplicates, evaluate, info, show, train, reproduce, model, export, doctor, demo):
    verb.register(app)


@app.callback(invoke_without_command=True)
def _program(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    debug: bool = typer.Option(False, "--debug", help="Show where an error came from; can stand anywhere."),
) -> None:
    if version:
        typer.echo(terrakin.__version__)
        raise typer.Exit
    # `debug` is read by `run`, which is where errors end.
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(WRONG_USE)


def main(arguments: list[str] | None = None) -> None:
    """Run the program and end the process with its status."""
    status = run(sys.argv[1:] if arguments is None else arguments)
    # As it ends, Python would look through every object of every library once more, for a fifth of a second.
    gc.freeze()
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run the program; errors are told in one line on standard error.

    Returns:
        0 done, 1 the work failed, 2 wrong use, 130 interrupted.
    """
    debug, arguments = _without_debug(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_warned, set())
            status = app(arguments, prog_name="terrakin", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as exc:
        return _told(f"{_usage(exc)} See: terrakin {_verb(arguments)}--help", WRONG_USE)
    except Exception as exc:
        if debug:
            raise
        return _failed(exc)
    if status == INTERRUPTED:
        again = "the same command with --resume" if _verb(arguments) == "train " else "the same command"
        return _told(f"interrupted; what was committed is kept, and {again} goes on from there", INTERRUPTED)
    return status if isinstance(status, int) else DONE


def _failed(exc: Exception) -> int:
    if isinstance(exc, TerrakinError):
        return _told(str(exc), WRONG_USE if isinstance(exc, WRONG) else FAILED)
    if isinstance(exc, BrokenPipeError):
        # The reader has had enough, such as `head`; nobody wants to read that.
        _give_up_output()
        return FAILED
    if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        _give_up_output()
        return _told(f"the output cannot be written: {exc.strerror}", FAILED)
    return _told(f"this should not happen: {type(exc).__name__}: {exc}. Please report it with the output of --debug", FAILED)


def _give_up_output() -> None:
    """Let the interpreter's last flush go nowhere: it would fail again, with a traceback."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a name, not a path
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _without_debug(arguments: list[str]) -> tuple[bool, list[str]]:
    """Whether `--debug` is among the arguments, and the others; what follows `--` is no option."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [word for word in arguments[:end] if word != "--debug"]
    return len(kept) < end, [*kept, *arguments[end:]]


def _usage(exc: TyperException) -> str:
    """What is wrong with the command, as a sentence."""
    words = exc.format_message().replace("Value error, ", "").rstrip(".")
    return words if words.endswith("?") else f"{words}."


def _verb(arguments: list[str]) -> str:
    """The verbs among the arguments, such as "index " or "model check "."""
    named: Any = get_command(app)
    verbs = ""
    for word in arguments:
        if word in getattr(named, "commands", ()):
            named, verbs = named.commands[word], f"{verbs}{word} "
    return verbs


def _warned(
    told: set[str],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning as a line for people, once: where in the code it was raised, or how often, tells them nothing."""
    del category, filename, lineno, file, line
    if str(message) not in told:
        told.add(str(message))
        _told(f"warning: {message}", DONE)


def _told(words: str, status: int) -> int:
    typer.echo(f"terrakin: {' '.join(words.split())}", err=True)
    return status
