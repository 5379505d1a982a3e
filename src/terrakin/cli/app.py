"""The program `terrakin`: its verbs, and how errors become one line and an exit status."""

import os
import sys

import click
import typer

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
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),  # noqa: FBT001, FBT003
    debug: bool = typer.Option(False, "--debug", help="Show where an error came from."),  # noqa: FBT001, FBT003
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
    except click.exceptions.Abort:
        return _told("interrupted; what was committed is kept", INTERRUPTED)
    except click.ClickException as exc:
        exc.show()
        return WRONG_USE
    except KeyboardInterrupt:
        return _told("interrupted; what was committed is kept, the same command goes on from there", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except TerrakinError as exc:
        if "--debug" in arguments:
            raise
        return _told(str(exc), WRONG_USE if isinstance(exc, WRONG) else FAILED)
    return status if isinstance(status, int) else DONE


def _told(words: str, status: int) -> int:
    typer.echo(f"terrakin: {' '.join(words.split())}", err=True)
    return status
