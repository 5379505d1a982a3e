"""What may be compared with what: conditions are checked against the columns once, at the door of a store."""

import datetime as dt
import math
from typing import Literal

import numpy as np
import pyarrow as pa

from terrakin.archive.condition import All, Any, Compare, Condition, Exactly, Inside, Literal_, Missing, Not, OneOf
from terrakin.archive.schema import PROPERTY
from terrakin.errors import FilterError
from terrakin.registry import nearest

__all__ = ["MAX_DEPTH", "FieldKind", "check", "check_value", "field_kind", "stored_number"]

FieldKind = Literal["text", "number", "truth", "time", "texts"]
"""What a column holds, as far as comparing goes; `texts` is a list of text."""

MAX_DEPTH = 20
"""Levels of conditions inside conditions. The SQL parser below the Lance store gives up at 50 parentheses."""

_WORDS: dict[FieldKind, str] = {
    "text": "text",
    "number": "a number",
    "truth": "true or false",
    "time": "a time",
    "texts": "a list of text",
}


def check(condition: Condition, schema: pa.Schema) -> None:
    """Check that a condition makes sense for these columns.

    Raises:
        FilterError: for an unknown field, a literal of another type than the field, an impossible box, an empty list, or more
            than `MAX_DEPTH` levels; it names the field and both types.

    >>> check(Compare("id", "=", 3.0), pa.schema([("id", pa.string())]))
    Traceback (most recent call last):
    terrakin.errors.FilterError: field 'id' is text and cannot be compared with 3.0, a number
    """
    _check(condition, schema, MAX_DEPTH)


def field_kind(field: str, schema: pa.Schema) -> FieldKind:
    """What a column holds.

    Raises:
        FilterError: if there is no such column, or it holds bytes or vectors, which no condition can ask about.
    """
    if field not in schema.names:
        known = [_shown(name) for name in schema.names if _kind(schema.field(name).type)]
        wanted = _shown(field)
        raise FilterError(f"no field named {wanted!r};{nearest(wanted, known)} There are: {', '.join(sorted(known))}")
    kind = _kind(schema.field(field).type)
    if kind is None:
        raise FilterError(f"field {field!r} holds {schema.field(field).type}, which cannot be filtered by")
    return kind


def check_value(name: str, kind: FieldKind, operator: str, value: Literal_) -> None:
    """Check that `name operator value` makes sense for a field of this kind; `name` is what the user calls it.

    Raises:
        FilterError: as `check`.
    """
    given = _kind_of_value(value)
    if given != ("text" if kind == "texts" else kind):
        raise FilterError(f"field {name!r} is {_WORDS[kind]} and cannot be compared with {value!r}, {_WORDS[given]}")
    if kind == "truth" and operator != "=":
        raise FilterError(f"field {name!r} is true or false and has no order: use = instead of {operator}")
    if isinstance(value, float | int) and not math.isfinite(value):
        raise FilterError(f"field {name!r} cannot be compared with {value}: numbers are finite")
    if isinstance(value, dt.datetime) and value.utcoffset() is None:
        raise FilterError(f"field {name!r} needs a time with its zone, got {value.isoformat()}")


def stored_number(value: float, stored: pa.DataType) -> float:
    """A finite number as it compares with a column.

    With float32 it compares as the float32 nearest to it, so that 0.9 equals what 0.9 was stored as. Zero has no sign.

    >>> stored_number(0.9, pa.float32())
    0.8999999761581421
    """
    if pa.types.is_float32(stored):
        largest = float(np.finfo(np.float32).max)
        value = float(np.float32(min(max(value, -largest), largest)))
    return float(value) + 0.0


def _check(condition: Condition, schema: pa.Schema, depth: int) -> None:
    if depth == 0:
        raise FilterError(f"the filter nests more than {MAX_DEPTH} levels deep; write it flatter")
    match condition:
        case Compare(field, operator, value):
            check_value(_shown(field), field_kind(field, schema), operator, value)
        case OneOf(field, values):
            if not values:
                raise FilterError(f"field {_shown(field)!r} is to be one of nothing; name at least one value")
            kind = field_kind(field, schema)
            for value in values:
                check_value(_shown(field), kind, "=", value)
        case Exactly(field, values):
            kind = field_kind(field, schema)
            if not values or kind != "texts":
                found = f"field {_shown(field)!r}, {_WORDS[kind]}, of exactly {len(values)} values"
                raise FilterError(f"a list of text is of exactly one value or more; got {found}")
            for value in values:
                check_value(_shown(field), kind, "=", value)
        case Missing(field):
            field_kind(field, schema)
        case Inside(west, south, east, north):
            if not all(map(math.isfinite, (west, south, east, north))) or south > north:
                raise FilterError(f"a box is west, south, east, north in degrees, got {west}, {south}, {east}, {north}")
        case Not(inner):
            _check(inner, schema, depth - 1)
        case All(conditions) | Any(conditions):
            if not conditions:
                raise FilterError("a filter of no conditions; leave it out instead")
            for inner in conditions:
                _check(inner, schema, depth - 1)


def _shown(field: str) -> str:
    return field.removeprefix(PROPERTY)


def _kind(stored: pa.DataType) -> FieldKind | None:
    if pa.types.is_string(stored):
        return "text"
    if pa.types.is_floating(stored) or pa.types.is_integer(stored):
        return "number"
    if pa.types.is_boolean(stored):
        return "truth"
    if pa.types.is_timestamp(stored):
        return "time"
    if pa.types.is_list(stored) and pa.types.is_string(stored.value_type):
        return "texts"
    return None


def _kind_of_value(value: Literal_) -> FieldKind:
    # A bool is an int to Python, so it is asked for first.
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, float | int):
        return "number"
    return "time" if isinstance(value, dt.datetime) else "text"
