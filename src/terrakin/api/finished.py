"""Finished runs in a folder: bundles named `<recipe>.seed<number>`, and what their cards say of their training."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.errors import BundleError
from terrakin.training.folders import BUNDLE, RECIPE, folder_beside, iteration_folder
from terrakin.training.tally import TALLY, Tally, read_tally

__all__ = ["Finished", "bundle_path", "finished_runs", "read_finished", "run_name", "run_path"]

_RECIPE = re.compile(r"^## Recipe\n+```toml\n(?P<toml>.*?)^```$", re.DOTALL | re.MULTILINE)
_IMAGES = re.compile(r"^\| images \| (?P<count>[\d,]+) trained", re.MULTILINE)
_CLASSES = re.compile(r"^\| classes \| (?P<names>.*) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run, or an iteration of one."""

    name: str
    """What it is called: `resnet34.jsst.seed0`."""
    path: Path
    """Its bundle."""
    bundle: Bundle
    """Opened."""
    seed: int
    """By its name."""
    recipe: str
    """TOML of what was trained, with every change; of a self-training the whole."""
    images: int
    """Images that trained, with labels that were given."""
    classes: tuple[str, ...]
    """Names, in the order of the class index."""
    learnt: Tally | None = None
    """What it learnt besides, with labels of the network before it; None where that is nothing."""


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


def bundle_path(run: Path, iteration: int | None) -> Path:
    """The bundle of a run, or of one of its iterations in the folder beside it."""
    return run if iteration is None else iteration_folder(folder_beside(run), iteration) / BUNDLE


def read_finished(run: Path, seed: int, iteration: int | None = None) -> Finished:
    """Read a finished run.

    Args:
        run: where its bundle lies.
        seed: by its name.
        iteration: of a self-training, that one of its networks.

    Raises:
        BundleError: if there is no bundle, or what lies there does not say how it was trained.
    """
    path = bundle_path(run, iteration)
    bundle = open_bundle(path)
    found: list[Any] = [pattern.search(bundle.card) for pattern in (_RECIPE, _IMAGES, _CLASSES)]
    if not all(found):
        raise BundleError(
            f"the card of {str(path)!r} does not say how it was trained; give a bundle that `terrakin train` wrote, "
            "or move it away"
        )
    recipe, images, classes = found
    learnt = _learnt(path.parent) if iteration else None
    return Finished(
        name=run.name if iteration is None else f"{run.name}, iteration {iteration}",
        path=path,
        bundle=bundle,
        seed=seed,
        recipe=recipe["toml"] if iteration is None else _whole_recipe(folder_beside(run)),
        # The card counts all that it learnt.
        images=int(images["count"].replace(",", "")) - (learnt.chosen if learnt else 0),
        classes=tuple(classes["names"].split(", ")),
        learnt=learnt,
    )


def _whole_recipe(folder: Path) -> str:
    """The recipe of a self-training; that on the card of an iteration is of this one network."""
    path = folder / RECIPE
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BundleError(f"cannot read {str(path)!r}, which says how its iterations were trained: {exc}") from exc


def _learnt(folder: Path) -> Tally:
    found = read_tally(folder)
    if found is None:
        raise BundleError(f"{str(folder / TALLY)!r} is missing or broken; it says what the network learnt besides its labels")
    return found
