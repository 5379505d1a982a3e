"""What a recipe needs installed where it trains, besides torch and numpy."""

import importlib.util

from terrakin.errors import TrainingError
from terrakin.nn.losses.known import LOSSES
from terrakin.training.recipe import Recipe

__all__ = ["must_be_installed", "needed"]


def needed(recipe: Recipe) -> tuple[str, ...]:
    """Packages as pip names them, each once, in the order of the losses that need them."""
    return tuple(dict.fromkeys(name for loss in recipe.losses for name in LOSSES[loss.name].needs_packages))


def must_be_installed(recipe: Recipe) -> None:
    """Refuse to begin where a package is missing; nothing is imported for it.

    Raises:
        TrainingError: naming the packages, the losses that need them, and how to install them.
    """
    missing = [name for name in needed(recipe) if importlib.util.find_spec(name.replace("-", "_")) is None]
    if missing:
        losses = dict.fromkeys(loss.name for loss in recipe.losses if {*LOSSES[loss.name].needs_packages} & {*missing})
        raise TrainingError(
            f"the recipe {recipe.name} trains by {', '.join(losses)}, for which {', '.join(missing)} must be installed here; "
            f"run: pip install {' '.join(missing)}"
        )
