"""The recipe of a run, kept as text beside the checkpoint, which holds its digest alone."""

from pathlib import Path

from terrakin.errors import RecipeError, TrainingError
from terrakin.training.differing import differing
from terrakin.training.folders import RECIPE
from terrakin.training.reading import read_recipe
from terrakin.training.recipe import Recipe, trains

__all__ = ["keep_recipe", "other_than_kept"]


def keep_recipe(recipe: Recipe, folder: Path) -> None:
    """Write the text of a recipe into the folder of its run, in one move.

    Raises:
        TrainingError: if it cannot be written.
    """
    path = folder / RECIPE
    beside = path.with_name(f"{RECIPE}.new")
    try:
        beside.write_text(recipe.source, encoding="utf-8")
        beside.replace(path)
    except OSError as exc:
        beside.unlink(missing_ok=True)
        raise TrainingError(f"cannot write {path}: {exc.strerror or exc}") from exc


def other_than_kept(recipe: Recipe, folder: Path) -> str:
    """Where a recipe differs from the one that the run in `folder` began with, in words; nothing where that cannot be known."""
    try:
        kept = read_recipe(folder / RECIPE)
    except RecipeError:
        # A run of an earlier version kept none, and what a person wrote there since says nothing of the run.
        return ""
    return differing(trains(kept), trains(recipe), sides=("then", "now"))
