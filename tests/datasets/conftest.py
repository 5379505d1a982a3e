"""Small trees of published layouts."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write files, path to text, under a fresh folder and give that folder."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def shared() -> Path:
    """The data sets beside the checkout."""
    folder = Path(__file__).parents[2].joinpath("../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip(f"there are no shared data sets at {folder}")
    return folder
