"""Conditions as masks over Arrow tables in memory."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from terrakin.archive.condition import All, Any, Compare, Condition, Exactly, Inside, Literal_, Missing, Not, OneOf
from terrakin.archive.condition_types import check, stored_number

__all__ = ["to_mask"]

_OPERATORS = {"=": pc.equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal}


def to_mask(condition: Condition, table: pa.Table) -> NDArray[np.bool_]:
    """Which rows of a table pass: (N,).

    Raises:
        FilterError: as `condition_types.check`.

    >>> table = pa.table({"property:cloud": [0.05, 0.4, None]})
    >>> to_mask(Not(Compare("property:cloud", "<", 0.1)), table)
    array([False,  True,  True])
    """
    check(condition, table.schema)
    return _mask(condition, table)


def _mask(condition: Condition, table: pa.Table) -> NDArray[np.bool_]:
    match condition:
        case Not(inner):
            return ~_mask(inner, table)
        case All(conditions):
            return np.asarray(np.logical_and.reduce([_mask(inner, table) for inner in conditions]))
        case Any(conditions):
            return np.asarray(np.logical_or.reduce([_mask(inner, table) for inner in conditions]))
        case Missing(field):
            return _missing(table[field])
        case Inside():
            return _inside(condition, table)
        case Compare(field, operator, value):
            values = _values(table[field])
            passes = _OPERATORS[operator](values, _scalar(value, values.type))
        case Exactly(field, wanted):
            column = table[field]
            known = pc.is_in(_values(column), value_set=pa.array(wanted, pa.string()))
            each = [_mask(Compare(field, "=", value), table) for value in wanted]
            return np.asarray(np.logical_and.reduce(each) & ~_any_member(column, ~_plain(known)))
        case OneOf(field, wanted):
            values = _values(table[field])
            passes = pc.is_in(
                values, value_set=pa.array([_scalar(value, values.type).as_py() for value in wanted], values.type)
            )
    return _any_member(table[field], _plain(passes))


def _values(column: pa.ChunkedArray) -> pa.Array:
    """What is compared: the column's values, or the members of all its lists one after another."""
    values = column.combine_chunks()
    if pa.types.is_list(values.type):
        return pc.list_flatten(values)
    return values.cast(pa.float64()) if pa.types.is_integer(values.type) else values


def _any_member(column: pa.ChunkedArray, passes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows that pass; of a list column, those of which one member does."""
    if not pa.types.is_list(column.type):
        return passes
    mask = np.zeros(len(column), dtype=np.bool_)
    mask[pc.list_parent_indices(column.combine_chunks()).to_numpy(zero_copy_only=False)[passes]] = True
    return mask


def _missing(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    if pa.types.is_list(column.type):
        return _plain(pc.equal(pc.fill_null(pc.list_value_length(column), 0), 0))
    return _plain(pc.is_null(column))


def _inside(box: Inside, table: pa.Table) -> NDArray[np.bool_]:
    # Null becomes NaN, which is in no order with anything: a chip without geography is in no box.
    west, south, east, north = (
        table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in ("west", "south", "east", "north")
    )
    starts, ends = west <= box.east, east >= box.west
    crosses = west > east
    across = starts | ends
    along = np.where(crosses, across, starts & ends) if box.west <= box.east else across | crosses
    return np.asarray(along & (south <= box.north) & (north >= box.south), dtype=np.bool_)


def _scalar(value: Literal_, stored: pa.DataType) -> pa.Scalar:
    if isinstance(value, bool) or not isinstance(value, float | int):
        return pa.scalar(value, type=stored)
    return pa.scalar(stored_number(value, stored), type=stored)


def _plain(passes: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """Two truth values: what is missing does not pass."""
    mask: NDArray[np.bool_] = pc.fill_null(passes, False).to_numpy(zero_copy_only=False)
    return mask
