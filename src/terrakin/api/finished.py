"""Finished runs in a folder: bundles named `<recipe>.seed<number>`, and what their cards say of their training."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.errors import BundleError

__all__ = ["Finished", "finished_runs", "read_finished", "run_name", "run_path"]

_RECIPE = re.compile(r"^## Recipe\n+```toml\n(?P<toml>.*?)^```$", re.DOTALL | re.MULTILINE)
_IMAGES = re.compile(r"^\| images \| (?P<count>[\d,]+) trained", re.MULTILINE)
_CLASSES = re.compile(r"^\| classes \| (?P<names>.*) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run."""

    path: Path
    """Its bundle."""
    bundle: Bundle
    """Opened."""
    seed: int
    """By its name."""
    recipe: str
    """TOML of what was trained, with every change."""
    images: int
    """Images that trained."""
    classes: tuple[str, ...]
    """Names, in the order of the class index."""


def run_path(folder: Path, recipe: str, seed: int) -> Path:
    """Where the bundle of a run lies; a .zip of that name is as good."""
    path = folder / f"{run_name(recipe)}.seed{seed}"
    zipped = path.with_name(f"{path.name}.zip")
    return zipped if zipped.is_file() and not path.exists() else path


def run_name(recipe: str) -> str:
    """What the runs of a recipe are called: by its name, or that of its file.

    >>> run_name("resnet34.fc"), run_name("my/own.toml")
    ('resnet34.fc', 'own')
    """
    return Path(recipe).stem if recipe.endswith(".toml") else recipe


def finished_runs(folder: Path, recipe: str) -> list[int]:
    """Seeds of the finished runs of a recipe, ascending."""
    pattern = re.compile(re.escape(run_name(recipe)) + r"\.seed(\d+)(\.zip)?")
    found = (pattern.fullmatch(path.name) for path in folder.iterdir()) if folder.is_dir() else ()
    return sorted({int(match[1]) for match in found if match})


def read_finished(path: Path, seed: int) -> Finished:
    """Read a finished run.

    Raises:
        BundleError: if there is no bundle, or its card does not say how it was trained.
    """
    bundle = open_bundle(path)
    found: list[Any] = [pattern.search(bundle.card) for pattern in (_RECIPE, _IMAGES, _CLASSES)]
    if not all(found):
        raise BundleError(
            f"the card of {str(path)!r} does not say how it was trained; give a bundle that `terrakin train` wrote, "
            "or move it away"
        )
    recipe, images, classes = found
    return Finished(
        path, bundle, seed, recipe["toml"], int(images["count"].replace(",", "")), tuple(classes["names"].split(", "))
    )
