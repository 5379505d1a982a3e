"""What tests of the documentation share: its pages, the tools that write them, and a folder in which its examples run."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.main import get_command

from terrakin.cli.app import app

ROOT = Path(__file__).parents[2]


def commands(group: Any, before: str = "") -> dict[str, Any]:
    """The commands of a group and of the groups inside it, by the words after `terrakin`: `index`, `model check`."""
    found = {}
    for name, command in group.commands.items():
        inner = commands(command, f"{before}{name} ") if hasattr(command, "commands") else {}
        found |= inner or {f"{before}{name}": command}
    return found


VERBS = commands(get_command(app))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a `verb` runs for each."""
    if "verb" in metafunc.fixturenames:
        metafunc.parametrize("verb", sorted(VERBS))


@pytest.fixture(scope="session")
def verbs() -> dict[str, Any]:
    """Every command by the words after `terrakin`."""
    return VERBS


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def written() -> str:
    """Every page that people write by hand, as one text: all but the generated reference of the command line."""
    pages = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "cli.md"]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], ModuleType]:
    """A script of `tools/` as a module."""

    def load(name: str) -> ModuleType:
        specification = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the pages imagine it: scenes in `imagery/2024`, an archive `coast` of them, a picture `harbour.jpg`."""
    from terrakin import Archive
    from terrakin.datasets.generated.files import make_scenes

    folder = tmp_path_factory.mktemp("world")
    make_scenes(folder / "imagery/2024", count=1)
    archive = Archive.create(folder / "coast")
    archive.add(folder / "imagery/2024")
    harbour = archive.search("scene-01_2022-10-21.tif#256,256,256,256", k=1)
    (folder / "harbour.jpg").write_bytes(harbour[0].thumbnail)
    return folder
