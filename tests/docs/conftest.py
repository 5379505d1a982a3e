"""What tests of the documentation share: its pages, the tools that write them, and a folder in which its examples run."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


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
