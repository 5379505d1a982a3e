"""Conditions as the SQL of Lance's filters."""

import datetime as dt

import pyarrow as pa

from terrakin.archive.condition import All, Any, Compare, Condition, Exactly, Inside, Literal_, Missing, Not, OneOf
from terrakin.archive.condition_types import FieldKind, check, field_kind, stored_number
from terrakin.archive.lance_names import stored_name

__all__ = ["to_sql"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def to_sql(condition: Condition, schema: pa.Schema) -> str:
    """A condition as a filter expression for a table of these columns.

    SQL has three truth values and a condition has two. The only place where that shows is under a negation, so negations are
    moved down to the comparisons, where "is not" becomes "is not, or is missing".

    Raises:
        FilterError: as `condition_types.check`.

    >>> schema = pa.schema([("scene", pa.string()), ("property:cloud", pa.float64())])
    >>> to_sql(All((Compare("scene", "=", "l'île.tif"), Not(Compare("property:cloud", "<", 0.1)))), schema)
    "(`scene` = 'l''île.tif' AND (NOT (`property:cloud` < 0.1) OR `property:cloud` IS NULL))"
    """
    check(condition, schema)
    return _expression(condition, schema, negated=False)


def _expression(condition: Condition, schema: pa.Schema, *, negated: bool) -> str:
    match condition:
        case Not(inner):
            return _expression(inner, schema, negated=not negated)
        case All(conditions) | Any(conditions):
            word = " AND " if isinstance(condition, All) != negated else " OR "
            return f"({word.join(_expression(inner, schema, negated=negated) for inner in conditions)})"
        case Missing(field):
            missing = _missing(field, field_kind(field, schema))
            return f"(NOT ({missing}))" if negated else f"({missing})"
        case Inside():
            return f"(NOT ({_inside(condition)}) OR `west` IS NULL)" if negated else f"({_inside(condition)})"
        case Compare(field) | OneOf(field) | Exactly(field):
            kind = field_kind(field, schema)
            passes = _comparison(condition, kind, schema.field(field).type)
            return f"(NOT ({passes}) OR {_missing(field, kind)})" if negated else passes


def _comparison(condition: Compare | OneOf | Exactly, kind: FieldKind, stored: pa.DataType) -> str:
    name = _quoted(condition.field)
    if isinstance(condition, Exactly):
        members = {_literal(value, stored) for value in condition.values}
        here = " AND ".join(f"array_has({name}, {member})" for member in sorted(members))
        return f"({here} AND array_length(array_distinct({name})) = {len(members)})"
    if isinstance(condition, OneOf):
        values = ", ".join(_literal(value, stored) for value in condition.values)
        return f"array_has_any({name}, [{values}])" if kind == "texts" else f"{_column(name, stored)} IN ({values})"
    value = _literal(condition.value, stored)
    if kind != "texts":
        return f"{_column(name, stored)} {condition.operator} {value}"
    if condition.operator == "=":
        return f"array_has({name}, {value})"
    # One member is below a value where the smallest is.
    extreme = "array_min" if condition.operator.startswith("<") else "array_max"
    return f"{extreme}({name}) {condition.operator} {value}"


def _inside(box: Inside) -> str:
    west, east = _number(box.west), _number(box.east)
    height = f"`south` <= {_number(box.north)} AND `north` >= {_number(box.south)}"
    plain = f"`west` <= {east} AND `east` >= {west}"
    # Of two ranges of longitude of which one crosses the antimeridian, it is enough that one end lies within; two that cross
    # meet there.
    crossing = f"`west` <= {east} OR `east` >= {west}"
    if box.west <= box.east:
        return f"{height} AND ((`west` <= `east` AND {plain}) OR (`west` > `east` AND ({crossing})))"
    return f"{height} AND ({crossing} OR `west` > `east`)"


def _missing(field: str, kind: FieldKind) -> str:
    name = _quoted(field)
    return f"({name} IS NULL OR array_length({name}) = 0)" if kind == "texts" else f"{name} IS NULL"


def _quoted(field: str) -> str:
    return f"`{stored_name(field)}`"


def _column(name: str, stored: pa.DataType) -> str:
    # Lance refuses to compare an integer column with a fraction.
    return f"CAST({name} AS DOUBLE)" if pa.types.is_integer(stored) else name


def _literal(value: Literal_, stored: pa.DataType) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return f"to_timestamp_micros({(value - _EPOCH) // dt.timedelta(microseconds=1)})"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return _number(stored_number(value, stored))


def _number(value: float) -> str:
    return repr(float(value))
