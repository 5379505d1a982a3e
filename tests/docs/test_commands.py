"""Every command that a page shows, run or not, is one that the program understands."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from terrakin.cli.app import app

ROOT = Path(__file__).parents[2]

VERBS = get_command(app).commands

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

FORMS = {"SOURCE...": "imagery", "stac|geoparquet|geojson|trec": "stac"}
"""What stands for a value in a line that shows the form of a command, and a value."""

_IN_BLOCK = re.compile(r"^(?:\$ )?(terrakin [a-z].*?)(?:\s{2,}#.*)?$", re.MULTILINE)
_IN_TEXT = re.compile(r"`terrakin ([a-z]+)( [^`]*)?`")


def texts() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES).replace("\\\n", " ")


@pytest.mark.parametrize("line", sorted(set(_IN_BLOCK.findall(texts()))))
def test_a_command_in_a_block_is_understood(line) -> None:
    for form, value in FORMS.items():
        line = line.replace(form, value)
    verb, *arguments = shlex.split(line)[1:]
    VERBS[verb].make_context(verb, arguments)


def test_commands_in_running_text_name_options_that_there_are() -> None:
    named = _IN_TEXT.findall(texts())
    assert len(named) > 10
    for verb, arguments in named:
        known = {name for option in VERBS[verb].params for name in option.opts} | {"--help"}
        assert {word for word in arguments.split() if word.startswith("-")} <= known, f"terrakin {verb}{arguments}"
