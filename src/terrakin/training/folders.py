"""Where a run keeps what: names that readers of finished runs need as well, and they may have no torch."""

from pathlib import Path

__all__ = ["BUNDLE", "RECIPE", "folder_beside", "iteration_folder"]

RECIPE = "recipe.toml"
"""Name of the recipe in a run's folder."""
BUNDLE = "bundle.zip"
"""Name of an iteration's bundle in its folder."""


def folder_beside(out: Path) -> Path:
    """The folder of the run that makes the bundle `out`.

    >>> folder_beside(Path("runs/mine.zip")).as_posix()
    'runs/mine.zip.training'
    """
    return out.with_name(f"{out.name}.training")


def iteration_folder(run: Path, number: int) -> Path:
    """The folder of an iteration in that of the whole run: a run's, with the iteration's bundle and what it learnt from.

    >>> iteration_folder(Path("mine.training"), 2).as_posix()
    'mine.training/iteration-2'
    """
    return run / f"iteration-{number}"
