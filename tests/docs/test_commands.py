"""Every command that a page shows, run or not, is one that the program understands."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

FORMS = {"SOURCE...": "imagery", "stac|geoparquet|geojson|trec": "stac"}
"""What stands for a value in a line that shows the form of a command, and a value."""

_IN_BLOCK = re.compile(r"^(?:\$ )?(terrakin [a-z].*?)(?:\s{2,}#.*)?$", re.MULTILINE)
_IN_TEXT = re.compile(r"`terrakin ([a-z][^`]*)`")


def texts() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES).replace("\\\n", " ")


def parted(words, verbs) -> tuple[str, list[str]]:
    """Verb and arguments of the words after `terrakin`; a verb has one word, or two as in `model check`."""
    for length in (2, 1):
        if (verb := " ".join(words[:length])) in verbs:
            return verb, words[length:]
    raise AssertionError(f"there is no verb in: terrakin {' '.join(words)}")


@pytest.mark.parametrize("line", sorted(set(_IN_BLOCK.findall(texts()))))
def test_a_command_in_a_block_is_understood(line, verbs) -> None:
    for form, value in FORMS.items():
        line = line.replace(form, value)
    verb, arguments = parted(shlex.split(line)[1:], verbs)
    verbs[verb].make_context(verb, arguments)


def test_commands_in_running_text_name_options_that_there_are(verbs) -> None:
    named = _IN_TEXT.findall(texts())
    assert len(named) > 10
    for words in named:
        verb, arguments = parted(words.split(), verbs)
        known = {name for option in verbs[verb].params for name in option.opts} | {"--help"}
        assert {word for word in arguments if word.startswith("-")} <= known, f"terrakin {words}"
