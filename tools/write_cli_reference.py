"""Write `docs/cli.md` from the program itself; a test fails when the committed page is stale.

python tools/write_cli_reference.py
"""

from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from terrakin.cli.app import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

_HEAD = """# Command line

Every verb as `terrakin VERB --help` prints it. This page is written by `tools/write_cli_reference.py`.

Data go to standard output, words to standard error. The exit status is 0 when the work is done, 1 when it failed, 2 when the
command was written wrongly, 130 when it was interrupted. An error is one line; `terrakin --debug VERB ...` shows where it
came from.
"""


def page() -> str:
    """The page as it should be."""
    return "\n".join([_HEAD, *map(_section, _commands(app, ()))])


def _commands(group: typer.Typer, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words after `terrakin` of a group, of its commands, and of the groups inside it."""
    yield words
    for command in group.registered_commands:
        yield (*words, command.name or "")
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            yield from _commands(inner.typer_instance, (*words, inner.name or ""))


def _section(words: tuple[str, ...]) -> str:
    shown = CliRunner(env={"COLUMNS": "110", "NO_COLOR": "1"}).invoke(app, [*words, "--help"], prog_name="terrakin")
    title = " ".join(("terrakin", *words))
    if shown.exit_code:
        raise SystemExit(f"{title} --help failed: {shown.output}")
    lines = "\n".join(line.rstrip() for line in shown.output.strip().splitlines())
    return f"## {title}\n\n```text\n{lines}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
