"""The program `terrakin`: its verbs, and how errors become one line and an exit status."""

import sys

import typer
from typer.exceptions import TyperException

import terrakin
from terrakin.cli import demo, doctor, duplicates, evaluate, export, index, info, search, show
from terrakin.errors import FilterError, TerrakinError, UnknownNameError

__all__ = ["app", "main"]

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

WRONG = (FilterError, UnknownNameError)
"""Errors that say the command was written wrongly; every other one says that the work failed."""

app = typer.Typer(
    help="Find places that look alike in your own satellite and aerial imagery.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help starts in half the time of the decorated one.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

for verb in (index, search, duplicates, evaluate, info, show, export, doctor, demo):
    verb.register(app)


@app.callback()
def _program(
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
    debug: bool = typer.Option(False, "--debug", help="Show where an error came from."),
) -> None:
    if version:
        typer.echo(terrakin.__version__)
        raise typer.Exit
    # `debug` is read by `run`, which is where errors end.


def main(arguments: list[str] | None = None) -> None:
    """Run the program and end the process with its status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the program; errors are told in one line on standard error.

    Returns:
        0 done, 1 the work failed, 2 wrong use, 130 interrupted.
    """
    try:
        status = app(arguments, prog_name="terrakin", standalone_mode=False)
    except TyperException as exc:
        return _told(f"{exc.format_message()} See: terrakin {_verb(arguments)}--help", WRONG_USE)
    except Exception as exc:
        if "--debug" in arguments:
            raise
        if isinstance(exc, TerrakinError):
            return _told(str(exc), WRONG_USE if isinstance(exc, WRONG) else FAILED)
        return _told(
            f"this should not happen: {type(exc).__name__}: {exc}. Please report it with the output of --debug", FAILED
        )
    if status == INTERRUPTED:
        return _told("interrupted; what was committed is kept, and the same command goes on from there", INTERRUPTED)
    return status if isinstance(status, int) else DONE


def _verb(arguments: list[str]) -> str:
    named = {command.name for command in app.registered_commands}
    return next((f"{word} " for word in arguments if word in named), "")


def _told(words: str, status: int) -> int:
    typer.echo(f"terrakin: {' '.join(words.split())}", err=True)
    return status
