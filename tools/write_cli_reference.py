"""Write `docs/cli.md` from the program itself; a test fails when the committed page is stale.

python tools/write_cli_reference.py
"""

from pathlib import Path

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
    verbs = [info.name or "" for info in app.registered_commands]
    parts = [_HEAD, _section("terrakin", []), *(_section(f"terrakin {verb}", [verb]) for verb in verbs)]
    return "\n".join(parts)


def _section(title: str, arguments: list[str]) -> str:
    shown = CliRunner(env={"COLUMNS": "110", "NO_COLOR": "1"}).invoke(app, [*arguments, "--help"], prog_name="terrakin")
    if shown.exit_code:
        raise SystemExit(f"terrakin {' '.join(arguments)} --help failed: {shown.output}")
    lines = "\n".join(line.rstrip() for line in shown.output.strip().splitlines())
    return f"## {title}\n\n```text\n{lines}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
