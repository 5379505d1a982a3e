"""Reading a recipe: from TOML and changes to values that fit what exists."""

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terrakin.bundles.reducer import parse_reducer
from terrakin.errors import BundleError, RecipeError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.nn.heads.known import HEADS
from terrakin.nn.losses.known import LOSSES
from terrakin.training.augment import Augmentation
from terrakin.training.files import Files
from terrakin.training.optimizers import OPTIMIZERS
from terrakin.training.recipe import Backbone, Component, Data, Export, Loss, Recipe, Schedule, SelfTraining, Teacher
from terrakin.training.samplers.known import SAMPLERS
from terrakin.training.schedules import SCHEDULES
from terrakin.training.shipped import RECIPES, completed, shipped
from terrakin.training.toml_text import write_toml
from terrakin.training.typed import component, no_others, table_of, tables_of, typed, value_of

__all__ = ["RECIPES", "parse", "read_recipe", "read_text"]


def read_recipe(name_or_path: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a shipped recipe by name, or any by the path of its file.

    Args:
        name_or_path: `mobilenetv2.softmax`, or `my/recipe.toml`.
        changes: `table.key=value` each, the value as TOML writes it; a bare word is text.

    Raises:
        UnknownNameError: for a name that is neither shipped nor a file.
        RecipeError: if the file cannot be read, or something in it does not exist or fit.
    """
    path = _path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise RecipeError(f"cannot read the recipe {path}: {exc}") from exc
    return read_text(text, changes, where=str(path))


def read_text(text: str, changes: Sequence[str] = (), *, where: str) -> Recipe:
    """Read the text of a recipe; what it takes over from another by `like` is part of what it gives.

    Args:
        text: TOML.
        changes: as `read_recipe`.
        where: the path that it comes from; messages call the recipe by its last part.

    Raises:
        RecipeError: if it is not TOML, or something in it does not exist or fit.
    """
    try:
        tables = completed(tomllib.loads(text), where=Path(where).name)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise RecipeError(f"cannot read the recipe {where}: {exc}") from exc
    for change in changes:
        _change(tables, change)
    return parse(tables, where=Path(where).name)


def parse(tables: Mapping[str, Any], *, where: str) -> Recipe:
    """A recipe from its tables; every name and option is held to the constructor that will get it.

    Args:
        tables: as `tomllib` gives them, complete: `like` is no table.
        where: what messages call the recipe.

    Raises:
        RecipeError: naming the table, the key, what was found and what there is.
    """
    no_others(tables, _TABLES, f"{where} has no table")
    for table in ("backbone", "head", "loss", "optimizer", "schedule", "export", "name", "words"):
        if table not in tables:
            raise RecipeError(f"{where} lacks {table!r}; a recipe has {', '.join(_TABLES)}")
    recipe = Recipe(
        name=typed(tables["name"], str, f"{where}: name"),
        words=typed(tables["words"], str, f"{where}: words"),
        backbone=component(Backbone, tables["backbone"], BACKBONES, f"{where} [backbone]", given=("bands",)),
        head=component(Component, tables["head"], HEADS, f"{where} [head]", given=("channels", "classes")),
        losses=tuple(
            component(Loss, table, LOSSES, f"{where} [[loss]] {number}", given=("size", "classes", "columns"))
            for number, table in enumerate(tables_of(tables["loss"], f"{where}: loss"))
        ),
        optimizer=component(Component, tables["optimizer"], OPTIMIZERS, f"{where} [optimizer]", given=("groups",)),
        schedule=component(Schedule, tables["schedule"], SCHEDULES, f"{where} [schedule]", given=("steps", "steps_an_epoch")),
        export=_export(tables["export"], f"{where} [export]"),
        frontend=None
        if "frontend" not in tables
        else component(Component, tables["frontend"], FRONTENDS, f"{where} [frontend]", given=("bands", "size")),
        sampler=component(Component, tables.get("sampler", _SAMPLER), SAMPLERS, f"{where} [sampler]", given=("labels", "seed")),
        data=_data(tables.get("data", {}), f"{where} [data]"),
        teachers=tuple(
            value_of(Teacher, table, f"{where} [[teacher]] {number}")
            for number, table in enumerate(tables_of(tables.get("teacher", []), f"{where}: teacher"))
        ),
        self_training=None
        if "self-training" not in tables
        else value_of(SelfTraining, tables["self-training"], f"{where} [self-training]"),
        # In one order, whichever the file has: a run goes on where nothing but that differs.
        source=write_toml({name: tables[name] for name in _TABLES if name in tables}),
    )
    _check(recipe, where)
    return recipe


_SAMPLER = {"name": "shuffled", "batch": 64}
# Where a recipe names none.

_TABLES = (
    *("name", "words", "data", "sampler", "frontend", "backbone", "head", "loss", "teacher", "optimizer", "schedule"),
    *("self-training", "export"),
)


def _check(recipe: Recipe, where: str) -> None:
    """What no single table can know."""
    if not recipe.losses:
        raise RecipeError(f"{where} has no loss; write one as [[loss]]")
    for number, loss in enumerate(recipe.losses):
        member: Any = LOSSES[loss.name]
        needs = member.needs_targets
        if needs and loss.teacher is None:
            raise RecipeError(f"{where} [[loss]] {number}: {loss.name} learns from a teacher; say which with teacher = 0")
        if not needs and loss.teacher is not None:
            raise RecipeError(f"{where} [[loss]] {number}: {loss.name} has no teacher; take teacher = {loss.teacher} out")
        if loss.teacher is not None and not 0 <= loss.teacher < len(recipe.teachers):
            raise RecipeError(
                f"{where} [[loss]] {number}: there is no [[teacher]] {loss.teacher}; the recipe has {len(recipe.teachers)}"
            )
        if not loss.weight > 0:
            raise RecipeError(f"{where} [[loss]] {number} weight is above 0, got {loss.weight}; take the loss out instead")
    data, export = recipe.data, recipe.export
    if not data.sizes:
        raise RecipeError(f"{where} [data] size is one side or more, got none")
    for words, value, low, high in (
        *(("[data] size", size, 8, 2048) for size in data.sizes),
        ("[data] stored", data.stored, 8, 2048),
        ("[export] size", export.size, 8, 8192),
        ("[schedule] epochs", recipe.schedule.epochs, 1, 1_000_000),
        *((f"[[teacher]] {number} size", teacher.size, 1, 65_536) for number, teacher in enumerate(recipe.teachers)),
        *(
            (f"[[teacher]] {number} pixels", teacher.pixels, 8, 8192)
            for number, teacher in enumerate(recipe.teachers)
            if teacher.pixels is not None
        ),
        *(
            ("[schedule] warmup", warmup, 0, recipe.schedule.epochs)
            for name, warmup in recipe.schedule.options.items()
            if name == "warmup"
        ),
    ):
        if not low <= value <= high:
            raise RecipeError(f"{where} {words} is {low} to {high}, got {value}")
    if recipe.frontend is not None and set(data.sizes) != {export.size}:
        raise RecipeError(
            f"{where} [frontend] {recipe.frontend.name} is for images of one size, and [data] size is "
            f"{', '.join(map(str, data.sizes))}, [export] size {export.size}; make them equal"
        )
    for words, shrinkage in (
        ("[export] whiten", export.whiten),
        *((f"[[teacher]] {number} whiten", teacher.whiten) for number, teacher in enumerate(recipe.teachers)),
    ):
        if shrinkage is not None and shrinkage < 0:
            raise RecipeError(f"{where} {words} is a shrinkage of 0 or more, got {shrinkage}")
    if export.components is not None and export.space != "cosine":
        raise RecipeError(
            f"{where} [export] components are for embeddings that compare by cosine, not by {export.space}; "
            "take one of the two out"
        )
    if export.space == "hamming" and (export.pooled or export.whiten is not None):
        raise RecipeError(
            f"{where} [export] space hamming takes the signs of the head's values, which neither pooled nor whiten leaves as "
            "they are; take these out"
        )
    if export.components is not None and (export.whiten is None or export.components < 1):
        raise RecipeError(
            f"{where} [export] components = {export.components} is a number from 1 on, and goes with whiten; "
            "without a whitening, take reducer"
        )
    if export.reducer is not None:
        try:
            parse_reducer(export.reducer)
        except BundleError as exc:
            raise RecipeError(f"{where} [export] reducer: {exc}") from exc
        if export.space != "cosine":
            raise RecipeError(
                f"{where} [export] reducer {export.reducer} gives embeddings that compare by cosine, not by {export.space}; "
                "take one of the two out"
            )
    if recipe.self_training is not None:
        iterations, threshold = recipe.self_training.iterations, recipe.self_training.threshold
        if not 1 <= iterations <= 100:
            raise RecipeError(f"{where} [self-training] iterations is 1 to 100, got {iterations}")
        if not 0 <= threshold < 1:
            raise RecipeError(f"{where} [self-training] threshold is a probability from 0 to below 1, got {threshold}")
    if not 0 <= data.validation < 1:
        raise RecipeError(f"{where} [data] validation is a share from 0 to below 1, got {data.validation}")
    if not 0 <= recipe.schedule.average < 1:
        raise RecipeError(f"{where} [schedule] average is from 0 to below 1, got {recipe.schedule.average}")


def _path(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.suffix == ".toml" or path.name != name_or_path:
        return path
    return shipped(name_or_path)


def _change(tables: dict[str, Any], change: str) -> None:
    if "\n" in change or "\r" in change:
        # What follows the first line would be another table's, or nobody's.
        raise RecipeError(f"a change is one line; write a new line inside of quoted text as \\n, got {change!r}")
    key, equals, value = change.partition("=")
    way = key.strip().split(".")
    if not equals or not all(way):
        raise RecipeError(f"a change is table.key=value, such as schedule.epochs=5, got {change!r}")
    try:
        new = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        new = value.strip()
    here: Any = tables
    for place, step in enumerate(way[:-1]):
        # A number names one of several, as in loss.0.weight.
        if isinstance(here, list):
            if not step.isdecimal() or int(step) >= len(here):
                raise RecipeError(f"{change!r}: {'.'.join(way[:place])} has {len(here)} members, numbered from 0")
            here = here[int(step)]
        else:
            here = here.setdefault(step, {})
        if not isinstance(here, dict | list):
            raise RecipeError(f"{change!r}: {'.'.join(way[: place + 1])} is a value, not a table")
    if isinstance(here, list):
        example = f"{way[0]}.{way[-1]}.weight" if way[-1].isdecimal() else f"{way[0]}.0.{way[-1]}"
        raise RecipeError(f"{change!r}: name a key of one of the {len(here)}, such as {example}")
    here[way[-1]] = new


def _export(table: Any, where: str) -> Export:
    export: Export = value_of(Export, table, where)
    return dataclasses.replace(export, reducer=None) if export.reducer == "none" else export


def _data(table: Any, where: str) -> Data:
    table = dict(table_of(table, where))
    augmentation = value_of(Augmentation, table.pop("augmentation", {}), f"{where[:-1]}.augmentation]")
    files = value_of(Files, table.pop("files", {}), f"{where[:-1]}.files]")
    data: Data = value_of(Data, table, where)
    return dataclasses.replace(data, augmentation=augmentation, files=files)
