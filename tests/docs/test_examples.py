"""Commands on the pages run, in order with the Python between them, and print what is shown below them.

The Python of pages without commands runs by itself; see `conftest.py` of the repository.
"""

import shutil
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

ROOT = Path(__file__).parents[2]

PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    if "```console\n$ terrakin " in page.read_text(encoding="utf-8")
)

FROM_NOTHING = ("docs/tutorial.md", "docs/training-tutorial.md")
"""Pages that make what they need and show what every command prints; others find a folder that is prepared."""


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the commands."""
    here, page = tmp_path / "here", request.node.callspec.params["page"]
    if page in FROM_NOTHING:
        here.mkdir()
    else:
        # Copied: what a page writes must not meet another one.
        shutil.copytree(request.getfixturevalue("world"), here)
    monkeypatch.chdir(here)
    return here


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("folder")
def test_commands_of_a_page_print_what_is_shown(page, tool) -> None:
    console = tool("write_console_output")

    def run(example: Example) -> None:
        for command, shown in console.commands(example.parsed):
            printed, status = console.output_of(command)
            assert status == 0 or shown.startswith("terrakin: "), f"{command} ends with {status}: {printed}"
            if shown or page in FROM_NOTHING:
                assert console.same(shown, printed), (
                    f"{command} prints\n{printed}\nMend the page with: python tools/write_console_output.py {page}"
                )

    document = Sybil(parsers=[PythonCodeBlockParser(), CodeBlockParser("console", run)], path=str(ROOT)).parse(ROOT / page)
    for example in document.examples():
        example.evaluate()


def test_there_are_pages_with_commands() -> None:
    assert {"README.md", *FROM_NOTHING} <= set(PAGES)
