"""Finding the folder that holds a published layout."""

from collections.abc import Callable
from pathlib import Path

from terrakin.errors import DatasetError

__all__ = ["MAX_DEPTH", "find_folders", "subfolders"]

MAX_DEPTH = 6
"""Folders below the root that are searched; the published EuroSAT archive nests its class folders this deep."""


def find_folders(root: Path, accept: Callable[[Path], bool]) -> list[Path]:
    """The folders that `accept` takes, from `root` down to six levels below it, nearest first, then by name.

    An accepted folder is not searched further, and a folder that links lead to twice is searched once.

    Raises:
        DatasetError: if `root` is no folder, or a folder cannot be read.
    """
    if not root.is_dir():
        raise DatasetError(f"{root} is not a folder" if root.exists() else f"there is no folder {root}")
    accepted: list[Path] = []
    seen = {root.resolve()}
    level = [root]
    for depth in range(MAX_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            if accept(folder):
                accepted.append(folder)
            elif depth < MAX_DEPTH:
                new = [child for child in subfolders(folder) if child.resolve() not in seen]
                seen.update(child.resolve() for child in new)
                below += new
        level = below
    return accepted


def subfolders(folder: Path) -> list[Path]:
    """The folders directly in `folder`, sorted by name, without hidden ones and what packers leave behind.

    Raises:
        DatasetError: if `folder` cannot be read.
    """
    try:
        return sorted(child for child in folder.iterdir() if _is_wanted(child.name) and child.is_dir())
    except OSError as exc:
        raise DatasetError(f"cannot read the folder {folder}: {exc.strerror}") from exc


def _is_wanted(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"
