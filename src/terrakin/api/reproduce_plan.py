"""What would be read and what would be trained for a row of a published table, and what that lacks."""

import importlib.util
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from terrakin.api.finished import finished_runs, run_name, run_path
from terrakin.errors import RecipeError
from terrakin.papers.table import Vector, Way
from terrakin.training.shipped import RECIPES, completed, shipped_tables
from terrakin.training.toml_text import write_toml

__all__ = ["Asked", "Reading", "readings", "recipe_text"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What there is to reproduce with."""

    runs: Path
    """Folder of finished and future runs."""
    train: Mapping[str, Path]
    """Training sets by name."""
    init: str | Path | None
    """Weights that backbones start from."""
    seeds: tuple[int, ...]
    """One run each; where empty, every finished run, or seed 0."""
    changes: tuple[str, ...]
    """`table.key=value` each, applied to every recipe."""
    may_train: bool
    """Whether runs that are missing are trained."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The runs of one recipe that a row is read from."""

    recipe: str
    """Its name or path."""
    vector: Vector
    """What of the network is compared."""
    finished: tuple[int, ...]
    """Seeds of the finished runs."""
    to_train: tuple[int, ...]
    """Seeds of the runs that would be trained."""
    data: str | None
    """Name of the training set of these."""
    lacks: tuple[str, ...]
    """What is missing for other runs, and what would give it."""


def recipe_text(name_or_path: str) -> str | None:
    """TOML of a recipe with what it takes over from others; None where there is none of that name or path.

    Raises:
        RecipeError: if the file is no TOML.
    """
    if not name_or_path.endswith(".toml"):
        known = (RECIPES / f"{name_or_path}.toml").is_file()
        return write_toml(shipped_tables(name_or_path)) if known else None
    path = Path(name_or_path)
    if not path.is_file():
        return None
    try:
        return write_toml(completed(tomllib.loads(path.read_text(encoding="utf-8")), where=path.name))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise RecipeError(f"cannot read the recipe {path}: {exc}") from exc


def readings(way: Way, asked: Asked) -> list[Reading]:
    """The readings of a row that has a recipe, its own first; others only where a finished run is there."""
    if way.recipe is None:
        return []
    chosen = _chosen([way.recipe, *([way.same] if way.same else [])], asked)
    found = [_reading(chosen, way, asked)]
    for name in way.also:
        seeds = _wanted(finished_runs(asked.runs, name), asked.seeds)
        found += [Reading(name, way.vector, tuple(seeds), (), None, ())] if seeds else []
    return found


def _chosen(names: Sequence[str], asked: Asked) -> str:
    """The recipe with the most runs; among equals the last that is shipped, whose runs serve other rows too."""
    counts = {name: len(_wanted(finished_runs(asked.runs, name), asked.seeds)) for name in names}
    best = max(counts.values())
    if best:
        return next(name for name in names if counts[name] == best)
    return next((name for name in reversed(names) if recipe_text(name) is not None), names[0])


def _wanted(finished: Sequence[int], seeds: Sequence[int]) -> list[int]:
    return [seed for seed in finished if not seeds or seed in seeds]


def _reading(recipe: str, way: Way, asked: Asked) -> Reading:
    finished = _wanted(finished_runs(asked.runs, recipe), asked.seeds)
    missing = [seed for seed in asked.seeds or (() if finished else (0,)) if seed not in finished]
    data = _training_set(way, asked)
    lacks = _lacks(recipe, way, asked, data) if missing else ()
    if lacks:
        paths = ", ".join(str(run_path(asked.runs, recipe, seed)) for seed in missing)
        lacks = (f"there is no finished run {paths}", *lacks)
    return Reading(recipe, way.vector, tuple(finished), () if lacks else tuple(missing), data, lacks)


def _training_set(way: Way, asked: Asked) -> str | None:
    """The paper's training set where it is given, else the only one that is."""
    if way.train in asked.train:
        return way.train
    return next(iter(asked.train)) if len(asked.train) == 1 else None


def _lacks(recipe: str, way: Way, asked: Asked, data: str | None) -> tuple[str, ...]:
    """Why a run cannot be trained, and what to do; nothing where it can."""
    text = recipe_text(recipe)
    if text is None:
        return (f"the recipe {run_name(recipe)} is not in this version",)
    if not asked.may_train:
        return ("nothing is trained, as was asked: leave --no-train out to train what is missing",)
    if importlib.util.find_spec("torch") is None:
        return ("training needs torch: pip install 'terrakin[train]'",)
    try:
        pretrained = _pretrained(recipe, text, asked.changes)
    except RecipeError as exc:
        return (f"the recipe {run_name(recipe)} cannot be trained with these changes: {exc}",)
    wanted = []
    if data is None:
        wanted.append(f"to train it, give its training set: --train {way.train or 'NAME'}=FOLDER")
    if pretrained and asked.init is None:
        wanted.append("to train it, give the weights that it starts from: --init FILE")
    return tuple(wanted)


def _pretrained(recipe: str, text: str, changes: Sequence[str]) -> bool:
    if not changes:
        # Read as what it is: the code that checks recipes takes seconds to import.
        return bool(tomllib.loads(text)["backbone"].get("pretrained", False))
    from terrakin.training.reading import read_recipe

    return read_recipe(recipe, changes).backbone.pretrained
