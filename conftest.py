"""Every example of the documentation runs: those of docstrings, and the Python of the Markdown pages."""

import doctest
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).parent

COMMANDS = "```console\n$ terrakin "
"""How a page begins a block of commands."""

# On pages with commands Python and commands take turns; `tests/docs/test_examples.py` runs these.
PAGES = [
    page.relative_to(ROOT).as_posix()
    for page in sorted((ROOT / "docs").glob("*.md"))
    if COMMANDS not in page.read_text(encoding="utf-8")
]

docstrings = Sybil(parsers=[DocTestParser(optionflags=doctest.ELLIPSIS)], pattern="*.py", path="src")
# `<!-- skip: next -->` before a block says that it cannot run here.
pages = Sybil(parsers=[PythonCodeBlockParser(), SkipParser()], patterns=PAGES, fixtures=["workplace"])
pytest_collect_file = (docstrings + pages).pytest()


@pytest.fixture(scope="session")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages speak of: scenes in `imagery/2024`, the archive `coast` of them, and a picture `harbour.jpg`."""
    from terrakin import Archive
    from terrakin.datasets.generated.files import make_labelled_folder, make_scenes

    folder = tmp_path_factory.mktemp("pages")
    make_scenes(folder / "imagery" / "2024", count=2, size=256, gsd_m=2)
    Archive.create(folder / "coast", chip_size=128).add(folder / "imagery" / "2024")
    make_labelled_folder(folder / "pictures", per_class=1, size=128)
    (folder / "pictures" / "harbours" / "harbours_001.jpg").rename(folder / "harbour.jpg")
    return folder


@pytest.fixture
def workplace(imagery: Path) -> Iterator[None]:
    """The pages' examples name paths as a person does who stands beside them."""
    before = Path.cwd()
    os.chdir(imagery)
    yield
    os.chdir(before)
