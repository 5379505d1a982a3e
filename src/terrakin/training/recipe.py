"""A recipe: how a bundle is made, read from TOML and held to what exists."""

import dataclasses
import inspect
import json
import math
import tomllib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from terrakin.bundles.reducer import parse_reducer
from terrakin.errors import BundleError, RecipeError, UnknownNameError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.heads.known import HEADS
from terrakin.nn.losses.known import LOSSES
from terrakin.registry import Registry, nearest
from terrakin.training.augment import Augmentation
from terrakin.training.optimizers import OPTIMIZERS
from terrakin.training.samplers.known import SAMPLERS
from terrakin.training.schedules import SCHEDULES

__all__ = [
    "RECIPES",
    "Backbone",
    "Component",
    "Data",
    "Export",
    "Loss",
    "Recipe",
    "Schedule",
    "Teacher",
    "parse",
    "read_recipe",
    "read_text",
    "trains",
]

RECIPES = Path(__file__).with_name("recipes")
"""Folder of the shipped recipes; a recipe's name is its file's without `.toml`."""


@dataclass(frozen=True, slots=True)
class Component:
    """One member of a registry with its options: `[sampler]`, `[head]`, `[optimizer]`."""

    name: str
    """Its name in the registry."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What its constructor is given, checked against its signature."""


@dataclass(frozen=True, slots=True)
class Backbone(Component):
    """`[backbone]`: a network of `nn.backbones`, and what of it is not trained."""

    freeze: tuple[str, ...] = ()
    """Names of stages whose weights and statistics stay; the gradient passes through them."""
    pretrained: bool = False
    """Whether it starts from published weights, which the user gives."""


@dataclass(frozen=True, slots=True)
class Loss(Component):
    """One `[[loss]]`: a term of the sum that is made small."""

    weight: float = 1.0
    """What the term counts in the sum."""
    part: int | None = None
    """Which part of the embedding it sees, from 0, where the head gives several; the whole where not given."""
    teacher: int | None = None
    """Which `[[teacher]]` it learns from, from 0."""


@dataclass(frozen=True, slots=True)
class Data:
    """`[data]`: which images, how large, how changed."""

    size: int | tuple[int, ...] = 160
    """Side in pixels of what the network sees in training; several divide the run into equal parts, one after another."""
    stored: int = 224
    """Side in pixels of the decoded images on disk, from which crops are taken."""
    validation: float = 0.1
    """Share of each class that is kept from training and measures it; by hashes of ids."""
    left_out: tuple[str, ...] = ()
    """Classes that are kept from training altogether: retrieval on them shows what generalises, and what was forgotten."""
    augmentation: Augmentation = Augmentation()  # noqa: RUF009 - frozen
    """`[data.augmentation]`: how images are changed each time they are seen."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sides in the order of the run's parts."""
        return self.size if isinstance(self.size, tuple) else (self.size,)


@dataclass(frozen=True, slots=True)
class Teacher:
    """One `[[teacher]]`: a finished bundle whose embeddings the network learns to give."""

    bundle: str
    """Name of a shipped bundle, or path of one."""
    size: int = 128
    """Leading principal components of its embeddings that are learnt."""
    views: Literal[1, 2, 4, 8] = 8
    """Turns and flips over which its unit-length embeddings are averaged: 1 as it is, 4 the quarter turns, 8 with flips."""
    pixels: int | None = None
    """Side of the images that it is shown; its own input size where not given."""
    centre: bool = True
    """Take the mean over the training images off before the projection."""
    whiten: float | None = None
    """Whiten by the scatter within classes before the projection, with this shrinkage; not where not given."""


@dataclass(frozen=True, slots=True)
class Schedule(Component):
    """`[schedule]`: how long, and how the learning rate goes."""

    epochs: int = 10
    """Times that every training image is seen, as the sampler counts."""
    average: float = 0.0
    """Decay a step of the running average of the weights, which is what is validated and exported; 0 for none."""
    precision: Literal["auto", "float32", "bf16"] = "auto"
    """`bf16` computes in bfloat16 with float32 weights; `auto` does where the device is made for it."""


@dataclass(frozen=True, slots=True)
class Export:
    """`[export]`: the bundle that comes out."""

    name: str
    """Name of the bundle."""
    version: str = "1.0"
    """Version under that name."""
    size: int = 224
    """Side of its input in pixels."""
    pooled: bool = False
    """Put the mean over the feature map, at unit length, beside the head's embedding."""
    whiten: float | None = None
    """End the graph with a whitening by the scatter within classes of the training images, with this shrinkage."""
    components: int | None = None
    """Keep this many leading principal components of what is whitened, in the graph; all where not given."""
    reducer: str | None = None
    """`pca:SIZE` or `pca-whitened:SIZE`, fitted on the training images."""
    space: Literal["cosine", "pearson"] = "cosine"
    """How embeddings compare; by Pearson's correlation where there is no reducer, whose components are for cosine."""
    weights: Literal["float32", "int8"] = "float32"
    """How weights are stored; `int8` rounds each output channel to 8 bits, and computes in float32."""
    arithmetic: Literal["float32", "int8"] = "float32"
    """What convolutions compute with; `int8` is twice as fast on processors made for it, and wrong on some that are not."""
    training_data: str = "the labelled chips that it was given"
    """What the model saw, in words."""
    licence: str = "not stated"
    """SPDX expression of the weights' licence."""
    notes: str = ""
    """Markdown at the end of the card: origin, intended use, limits."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a bundle is made."""

    name: str
    """For logs and messages; lower case."""
    words: str
    """What it is, in a sentence."""
    backbone: Backbone
    """Image to feature map."""
    head: Component
    """Feature map to embedding."""
    losses: tuple[Loss, ...]
    """At least one."""
    optimizer: Component
    """What moves the weights."""
    schedule: Schedule
    """How long, and how the learning rate goes."""
    export: Export
    """The bundle that comes out."""
    sampler: Component = Component("shuffled", {"batch": 64})
    """Which images make a batch."""
    data: Data = Data()
    """Which images, how large, how changed."""
    teachers: tuple[Teacher, ...] = ()
    """Bundles that it learns from."""
    source: str = ""
    """The TOML text that it was read from, with changes applied."""


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
    """Read the text of a recipe.

    Args:
        text: TOML.
        changes: as `read_recipe`.
        where: the path that it comes from; messages call the recipe by its last part.

    Raises:
        RecipeError: if it is not TOML, or something in it does not exist or fit.
    """
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise RecipeError(f"cannot read the recipe {where}: {exc}") from exc
    for change in changes:
        _change(tables, change)
    return parse(tables, where=Path(where).name)


def parse(tables: Mapping[str, Any], *, where: str) -> Recipe:
    """A recipe from its tables; every name and option is held to the constructor that will get it.

    Args:
        tables: as `tomllib` gives them.
        where: what messages call the recipe.

    Raises:
        RecipeError: naming the table, the key, what was found and what there is.
    """
    _no_others(tables, _TABLES, f"{where} has no table")
    for table in ("backbone", "head", "loss", "optimizer", "schedule", "export", "name", "words"):
        if table not in tables:
            raise RecipeError(f"{where} lacks {table!r}; a recipe has {', '.join(_TABLES)}")
    recipe = Recipe(
        name=_typed(tables["name"], str, f"{where}: name"),
        words=_typed(tables["words"], str, f"{where}: words"),
        backbone=_component(Backbone, tables["backbone"], BACKBONES, f"{where} [backbone]", given=("bands",)),
        head=_component(Component, tables["head"], HEADS, f"{where} [head]", given=("channels", "classes")),
        losses=tuple(
            _component(Loss, table, LOSSES, f"{where} [[loss]] {number}", given=("size", "classes", "columns"))
            for number, table in enumerate(_list(tables["loss"], f"{where}: loss"))
        ),
        optimizer=_component(Component, tables["optimizer"], OPTIMIZERS, f"{where} [optimizer]", given=("groups",)),
        schedule=_component(Schedule, tables["schedule"], SCHEDULES, f"{where} [schedule]", given=("steps", "steps_an_epoch")),
        export=_value(Export, tables["export"], f"{where} [export]"),
        sampler=_component(
            Component, tables.get("sampler", _SAMPLER), SAMPLERS, f"{where} [sampler]", given=("labels", "seed")
        ),
        data=_data(tables.get("data", {}), f"{where} [data]"),
        teachers=tuple(
            _value(Teacher, table, f"{where} [[teacher]] {number}")
            for number, table in enumerate(_list(tables.get("teacher", []), f"{where}: teacher"))
        ),
        source=write_toml(tables),
    )
    _check(recipe, where)
    return recipe


_SAMPLER = {"name": "shuffled", "batch": 64}
# Where a recipe names none.

_TABLES = ("name", "words", "data", "sampler", "backbone", "head", "loss", "teacher", "optimizer", "schedule", "export")


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
    for words, shrinkage in (
        ("[export] whiten", export.whiten),
        *((f"[[teacher]] {number} whiten", teacher.whiten) for number, teacher in enumerate(recipe.teachers)),
    ):
        if shrinkage is not None and shrinkage < 0:
            raise RecipeError(f"{where} {words} is a shrinkage of 0 or more, got {shrinkage}")
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
    if not 0 <= data.validation < 1:
        raise RecipeError(f"{where} [data] validation is a share from 0 to below 1, got {data.validation}")
    if not 0 <= recipe.schedule.average < 1:
        raise RecipeError(f"{where} [schedule] average is from 0 to below 1, got {recipe.schedule.average}")


def trains(recipe: Recipe) -> str:
    """The part of a recipe's text that the weights depend on: a finished run can be exported again in another way."""
    tables = tomllib.loads(recipe.source)
    return write_toml({name: table for name, table in tables.items() if name not in ("words", "export")})


def _path(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.suffix == ".toml" or path.name != name_or_path:
        return path
    shipped = RECIPES / f"{name_or_path}.toml"
    if shipped.is_file():
        return shipped
    known = sorted(file.stem for file in RECIPES.glob("*.toml"))
    meant = nearest(name_or_path, known)
    raise UnknownNameError(f"no recipes named {name_or_path!r}{f';{meant}' if meant else '.'} There are: {', '.join(known)}")


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


def _data(table: Any, where: str) -> Data:
    table = dict(_table(table, where))
    augmentation = _value(Augmentation, table.pop("augmentation", {}), f"{where[:-1]}.augmentation]")
    data: Data = _value(Data, table, where)
    return dataclasses.replace(data, augmentation=augmentation)


def _component(kind: type[Any], table: Any, registry: Registry[Any], where: str, *, given: Sequence[str]) -> Any:
    """A member of a registry: its own keys go to `kind`, the others must be options of the member's constructor."""
    table = dict(_table(table, where))
    if "name" not in table:
        raise RecipeError(f"{where} lacks a name; there are {', '.join(registry)}")
    name = _typed(table.pop("name"), str, f"{where} name")
    try:
        constructor = registry[name]
    except UnknownNameError as exc:
        raise RecipeError(f"{where}: {exc}") from exc
    own = {f.name: f for f in dataclasses.fields(kind) if f.name not in ("name", "options")}
    options = _options(constructor, given)
    _no_others(table, [*own, *options], f"{where} {name} has no option")
    parameters = inspect.signature(constructor).parameters
    for option in options:
        if option not in table and parameters[option].default is inspect.Parameter.empty:
            raise RecipeError(f"{where} {name} lacks {option!r}")
    hints = typing.get_type_hints(kind)
    return kind(
        name=name,
        options={key: _typed(value, options[key], f"{where} {key}") for key, value in table.items() if key in options},
        **{key: _typed(value, hints[key], f"{where} {key}") for key, value in table.items() if key in own},
    )


def _options(constructor: Callable[..., Any], given: Sequence[str]) -> dict[str, Any]:
    """Options of a constructor with their types, without those that the loop gives."""
    called: Any = constructor.__init__ if inspect.isclass(constructor) else constructor
    hints = typing.get_type_hints(called)
    names = [name for name in inspect.signature(constructor).parameters if name not in given]
    return {name: hints.get(name, Any) for name in names}


def _value(kind: type[Any], table: Any, where: str) -> Any:
    """A frozen dataclass from a table."""
    table = _table(table, where)
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    _no_others(table, fields, f"{where} has no option")
    for name, f in fields.items():
        if name not in table and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise RecipeError(f"{where} lacks {name!r}")
    values = {key: _typed(value, hints[key], f"{where} {key}") for key, value in table.items()}
    try:
        return kind(**values)
    except (ValueError, RecipeError) as exc:
        raise RecipeError(f"{where}: {exc}") from exc


def _typed(value: Any, wanted: Any, where: str) -> Any:
    """A TOML value as an annotation wants it: lists become tuples, whole numbers become floats."""
    origin, inside = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is Any:
        return value
    if origin is Literal:
        if value in inside and type(value) in {type(one) for one in inside}:
            return value
        meant = nearest(str(value), map(str, inside))
        raise RecipeError(f"{where} is {' or '.join(map(repr, inside))}, got {value!r}{f';{meant}' if meant else ''}")
    if origin in (types.UnionType, typing.Union):
        for one in inside:
            try:
                return _typed(value, one, where)
            except RecipeError:
                continue
        raise RecipeError(f"{where} is {_words(wanted)}, got {value!r}")
    if origin in (tuple, Sequence) and isinstance(value, list):
        if origin is tuple and Ellipsis not in inside and len(value) != len(inside):
            raise RecipeError(f"{where} holds {len(inside)} values, got {len(value)}")
        kinds = inside if origin is tuple and Ellipsis not in inside else (inside[0],) * len(value)
        return tuple(_typed(one, kind, f"{where}[{place}]") for place, (one, kind) in enumerate(zip(value, kinds, strict=True)))
    if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise RecipeError(f"{where} is a finite number, got {value}")
        return float(value)
    if isinstance(wanted, type) and isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool):
        return value
    raise RecipeError(f"{where} is {_words(wanted)}, got {value!r}")


def _words(wanted: Any) -> str:
    if typing.get_origin(wanted) in (types.UnionType, typing.Union):
        return " or ".join(_words(one) for one in typing.get_args(wanted) if one is not type(None))
    if typing.get_origin(wanted) in (tuple, Sequence):
        return f"a list, each {_words(typing.get_args(wanted)[0])}"
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}.get(wanted, str(wanted))


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RecipeError(f"{where} is a table, got {value!r}")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise RecipeError(f"{where} is a list of tables, written [[...]], got {value!r}")
    return value


def _no_others(found: Mapping[str, Any], known: Any, failure: str) -> None:
    for key in found:
        if key not in known:
            raise RecipeError(f"{failure} {key!r};{nearest(key, known)} there are {', '.join(known)}".replace(";  ", "; "))


def write_toml(tables: Mapping[str, Any]) -> str:
    """TOML of what a recipe holds: values, then tables, then lists of tables."""
    plain = {key: value for key, value in tables.items() if not _nests(value)}
    lines = [f"{key} = {_literal(value)}" for key, value in plain.items()]
    for key, value in tables.items():
        for table in (value if isinstance(value, list) else [value]) if _nests(value) else ():
            lines += ["", f"[[{key}]]" if isinstance(value, list) else f"[{key}]"]
            lines += [f"{name} = {_literal(inner)}" for name, inner in table.items()]
    return "\n".join(lines) + "\n"


def _nests(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    # JSON's text, numbers and booleans are TOML's, but for one control character that it leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
