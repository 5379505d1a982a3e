"""Rows on their way into a store: checked, and brought to the form that every store keeps."""

import pyarrow as pa
import pyarrow.compute as pc

from terrakin.archive.schema import CODE, PROPERTY, VECTOR, chips_schema, code_space
from terrakin.errors import ArchiveError
from terrakin.spaces.space import Space

__all__ = ["fitted"]

_PROPERTY_TYPES = (pa.string(), pa.float64(), pa.bool_())


def fitted(chips: pa.Table, held: pa.Schema, space: Space) -> pa.Table:
    """Chips as a store keeps them, in one chunk.

    Whole numbers become float64, NaN becomes missing and -0.0 becomes 0.0, so that every store compares them alike. Columns of
    properties that hold nothing are left out.

    Args:
        chips: the columns of `chips_schema`, with codes where the store has codes, and any properties, in any order.
        held: columns that the store has.
        space: of the store.

    Raises:
        ArchiveError: if two chips have one id, or a property has another type than in the store.
        ValueError: if a column is missing, of another type or not known, or holds nothing where it must.
    """
    wanted = chips_schema(space, code_space(held))
    properties = [name for name in chips.schema.names if name.startswith(PROPERTY)]
    known = set(wanted.names) | set(properties)
    if unknown := [name for name in chips.schema.names if name not in known]:
        raise ValueError(f"chips have no column {unknown[0]!r}; metadata go into columns named {PROPERTY}NAME")
    if absent := [name for name in wanted.names if name not in chips.schema.names]:
        raise ValueError(f"chips need the column {absent[0]!r}")
    columns = {field.name: _column(chips, field) for field in wanted}
    for name in properties:
        column = _property(chips, name)
        if column.null_count < len(column):
            _agree(name, column.type, held)
            columns[name] = column
    table = pa.table({name: _plain(column) for name, column in columns.items()}).combine_chunks()
    _refuse_twins(table["id"])
    fields = [wanted.field(name) if name in wanted.names else table.schema.field(name) for name in table.schema.names]
    return table.cast(pa.schema(fields))


def _column(chips: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    column = chips[field.name]
    if column.type != field.type:
        raise ValueError(f"column {field.name!r} holds {field.type}, got {column.type}")
    if not field.nullable and (column.null_count or (field.name in (VECTOR, CODE) and pc.list_flatten(column).null_count)):
        raise ValueError(f"column {field.name!r} has missing values")
    return column


def _property(chips: pa.Table, name: str) -> pa.ChunkedArray:
    column = chips[name]
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.cast(pa.float64(), safe=False)
    if column.type not in _PROPERTY_TYPES and not pa.types.is_null(column.type):
        raise ValueError(f"property {name.removeprefix(PROPERTY)!r} is text, a number or true/false, got {column.type}")
    return column


def _agree(name: str, stored: pa.DataType, held: pa.Schema) -> None:
    if name in held.names and held.field(name).type != stored:
        raise ArchiveError(
            f"property {name.removeprefix(PROPERTY)!r} is {held.field(name).type} in the archive and {stored} in the new "
            "chips; make them agree"
        )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_float64(column.type):
        return column
    return pc.add(pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column), 0.0)


def _refuse_twins(ids: pa.ChunkedArray) -> None:
    counts = pc.value_counts(ids)
    if len(counts) < len(ids):
        twin = next(entry["values"] for entry in counts.to_pylist() if entry["counts"] > 1)
        raise ArchiveError(f"two of the new chips have the id {twin!r}; ids are unique in an archive")
