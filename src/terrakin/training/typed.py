"""Tables of a recipe held to what takes them: the fields of a value, and the options of a constructor."""

import dataclasses
import inspect
import math
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from terrakin.errors import RecipeError, UnknownNameError
from terrakin.registry import Registry, nearest

__all__ = ["component", "no_others", "table_of", "tables_of", "typed", "value_of"]


def component(kind: type[Any], table: Any, registry: Registry[Any], where: str, *, given: Sequence[str]) -> Any:
    """A member of a registry: its own keys go to `kind`, the others must be options of the member's constructor.

    Args:
        kind: a `Component`, or a dataclass that adds fields to it.
        table: as `tomllib` gives it, with the name of the member.
        registry: where the member is.
        where: what messages call the table.
        given: arguments of the constructor that training gives, and no recipe.

    Raises:
        RecipeError: if there is no such member, or a key is unknown, missing or of another type.
    """
    table = dict(table_of(table, where))
    if "name" not in table:
        raise RecipeError(f"{where} lacks a name; there are {', '.join(registry)}")
    name = typed(table.pop("name"), str, f"{where} name")
    try:
        constructor = registry[name]
    except UnknownNameError as exc:
        raise RecipeError(f"{where}: {exc}") from exc
    own = {f.name: f for f in dataclasses.fields(kind) if f.name not in ("name", "options")}
    options = _options(constructor, given)
    no_others(table, [*own, *options], f"{where} {name} has no option")
    parameters = inspect.signature(constructor).parameters
    for option in options:
        if option not in table and parameters[option].default is inspect.Parameter.empty:
            raise RecipeError(f"{where} {name} lacks {option!r}")
    hints = typing.get_type_hints(kind)
    return kind(
        name=name,
        options={key: typed(value, options[key], f"{where} {key}") for key, value in table.items() if key in options},
        **{key: typed(value, hints[key], f"{where} {key}") for key, value in table.items() if key in own},
    )


def value_of(kind: type[Any], table: Any, where: str) -> Any:
    """A frozen dataclass from a table.

    Raises:
        RecipeError: if a key is unknown, missing or of another type, or the dataclass refuses a value.
    """
    table = table_of(table, where)
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    no_others(table, fields, f"{where} has no option")
    for name, f in fields.items():
        if name not in table and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise RecipeError(f"{where} lacks {name!r}")
    values = {key: typed(value, hints[key], f"{where} {key}") for key, value in table.items()}
    try:
        return kind(**values)
    except (ValueError, RecipeError) as exc:
        raise RecipeError(f"{where}: {exc}") from exc


def table_of(value: Any, where: str) -> Mapping[str, Any]:
    """A value that must be a table.

    Raises:
        RecipeError: if it is none.
    """
    if not isinstance(value, dict):
        raise RecipeError(f"{where} is a table, got {value!r}")
    return value


def tables_of(value: Any, where: str) -> list[Any]:
    """A value that must be a list of tables; that each is one is looked at where it is read.

    Raises:
        RecipeError: if it is no list.
    """
    if not isinstance(value, list):
        raise RecipeError(f"{where} is a list of tables, written [[...]], got {value!r}")
    return value


def typed(value: Any, wanted: Any, where: str) -> Any:
    """A TOML value as an annotation wants it: lists become tuples, whole numbers become floats.

    >>> typed([1, 2], tuple[float, ...], "[data] crop")
    (1.0, 2.0)

    Raises:
        RecipeError: if it is of another type, or a number that is not finite.
    """
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
                return typed(value, one, where)
            except RecipeError:
                continue
        raise RecipeError(f"{where} is {_words(wanted)}, got {value!r}")
    if origin in (tuple, Sequence) and isinstance(value, list):
        if origin is tuple and Ellipsis not in inside and len(value) != len(inside):
            raise RecipeError(f"{where} holds {len(inside)} values, got {len(value)}")
        kinds = inside if origin is tuple and Ellipsis not in inside else (inside[0],) * len(value)
        return tuple(typed(one, kind, f"{where}[{place}]") for place, (one, kind) in enumerate(zip(value, kinds, strict=True)))
    if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise RecipeError(f"{where} is a finite number, got {value}")
        return float(value)
    if isinstance(wanted, type) and isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool):
        return value
    raise RecipeError(f"{where} is {_words(wanted)}, got {value!r}")


def no_others(found: Mapping[str, Any], known: Collection[str], failure: str) -> None:
    """Refuse keys that are not known.

    Raises:
        RecipeError: `failure`, the first such key, the nearest known one, and all of these.
    """
    for key in found:
        if key not in known:
            raise RecipeError(f"{failure} {key!r};{nearest(key, known)} there are {', '.join(known)}".replace(";  ", "; "))


def _options(constructor: Callable[..., Any], given: Sequence[str]) -> dict[str, Any]:
    """Options of a constructor with their types, without those that the loop gives."""
    called: Any = constructor.__init__ if inspect.isclass(constructor) else constructor
    hints = typing.get_type_hints(called)
    names = [name for name in inspect.signature(constructor).parameters if name not in given]
    return {name: hints.get(name, Any) for name in names}


def _words(wanted: Any) -> str:
    if typing.get_origin(wanted) in (types.UnionType, typing.Union):
        return " or ".join(_words(one) for one in typing.get_args(wanted) if one is not type(None))
    if typing.get_origin(wanted) in (tuple, Sequence):
        return f"a list, each {_words(typing.get_args(wanted)[0])}"
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}.get(wanted, str(wanted))
