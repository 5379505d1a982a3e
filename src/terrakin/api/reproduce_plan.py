"""What would be read and what would be trained for a row of a published table, and what that lacks."""

import importlib.util
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from terrakin.api.finished import bundle_path, finished_runs, run_name, run_path
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
    pools: frozenset[str] = frozenset()
    """Training sets that the table has as images without labels."""


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
    iteration: int | None = None
    """Which network of these runs; None where they train once."""
    pool: str | None = None
    """Name of the set that they learn from without its labels; None where they train once."""

    def name(self, seed: int) -> str:
        """What is read or trained with a seed, in words."""
        run = f"{run_name(self.recipe)}.seed{seed}"
        return run if self.iteration is None else f"{run}, iteration {self.iteration}"


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
    """The readings of a row that has a recipe, its own first; of the others, finished runs are read and none is trained."""
    if way.recipe is None:
        return []
    chosen = _chosen([way.recipe, *([way.same] if way.same else [])], asked)
    found = [_reading(chosen, way, asked)]
    for name in way.also:
        seeds, _ = _finished(name, way, asked)
        lacks = () if seeds else (f"read otherwise, this row is {name}, of which there is no run: train it to see it",)
        found.append(Reading(name, way.vector, seeds, (), None, lacks, way.iteration, way.pool))
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
    finished, broken = _finished(recipe, way, asked)
    begun = (*finished, *broken)
    missing = [seed for seed in asked.seeds or (() if begun else (0,)) if seed not in begun]
    data = _training_set(way, asked)
    lacks = _lacks(recipe, way, asked, data) if missing else ()
    if lacks:
        paths = ", ".join(str(run_path(asked.runs, recipe, seed)) for seed in missing)
        lacks = (f"there is no finished run {paths}", *lacks)
    lost = tuple(
        f"the run {path} is finished, but there is no {bundle_path(path, way.iteration)}: bring it back, or "
        "move the run away to go on from what is there"
        for path in (run_path(asked.runs, recipe, seed) for seed in broken)
    )
    trained = () if lacks else tuple(missing)
    return Reading(recipe, way.vector, finished, trained, data, (*lost, *lacks), way.iteration, way.pool)


def _finished(recipe: str, way: Way, asked: Asked) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Seeds of the finished runs that can be read, and of those that lack the iteration."""
    seeds = _wanted(finished_runs(asked.runs, recipe), asked.seeds)
    there = {seed for seed in seeds if bundle_path(run_path(asked.runs, recipe, seed), way.iteration).exists()}
    return tuple(seed for seed in seeds if seed in there), tuple(seed for seed in seeds if seed not in there)


def _training_set(way: Way, asked: Asked) -> str | None:
    """The paper's training set where it is given, else the only one that is, besides pools."""
    if way.train in asked.train:
        return way.train
    others = [name for name in asked.train if name not in asked.pools]
    return others[0] if len(others) == 1 else None


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
        pretrained, iterations = _wants(recipe, text, asked.changes)
    except RecipeError as exc:
        return (f"the recipe {run_name(recipe)} cannot be trained with these changes: {exc}",)
    if unfit := _unfit(way, iterations):
        return (f"the recipe {run_name(recipe)} {unfit}",)
    wanted = []
    if data is None:
        wanted.append(f"to train it, give its training set: --train {way.train or 'NAME'}=FOLDER")
    if way.pool is not None and way.pool not in asked.train:
        wanted.append(f"to train it, give the images that it learns without their labels: --train {way.pool}=FOLDER")
    if pretrained and asked.init is None:
        wanted.append("to train it, give the weights that it starts from: --init FILE")
    return tuple(wanted)


def _wants(recipe: str, text: str, changes: Sequence[str]) -> tuple[bool, int | None]:
    """Whether a recipe begins from published weights, and its iterations; None of one that trains once."""
    if not changes:
        # Read as what it is: the code that checks recipes takes seconds to import.
        tables = tomllib.loads(text)
        pretrained, again = bool(tables["backbone"].get("pretrained", False)), tables.get("self-training")
        if again is None or "iterations" in again:
            return pretrained, None if again is None else int(again["iterations"])
    from terrakin.training.reading import read_recipe

    read = read_recipe(recipe, changes)
    return read.backbone.pretrained, read.self_training.iterations if read.self_training else None


def _unfit(way: Way, iterations: int | None) -> str:
    """Why a row cannot be read from a recipe of so many iterations; nothing where it can."""
    if (iterations is None) == (way.iteration is None):
        few = iterations is not None and way.iteration is not None and way.iteration > iterations
        return f"has {iterations} iterations, and the row is of iteration {way.iteration}" if few else ""
    return "trains once, and the row is of an iteration" if iterations is None else "wants a pool, and the row names none"
