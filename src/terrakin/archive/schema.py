"""The tables of an archive as Arrow schemas."""

from typing import Literal

import pyarrow as pa

from terrakin.spaces.space import Space

__all__ = ["CODE", "PROPERTY", "SCENES", "VECTOR", "Compared", "chips_schema", "code_space", "property_column"]

VECTOR: Literal["vector"] = "vector"
"""Column that holds the packed embedding."""

CODE: Literal["code"] = "code"
"""Column that holds the packed code, where the archive has codes."""

Compared = Literal["vector", "code"]
"""Columns by which chips are compared."""

PROPERTY = "property:"
"""Head of the names of the columns that hold properties; each is added when a scene first brings it."""

SCENES = pa.schema(
    [
        pa.field("uri", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        # Path that was indexed when it was found.
        pa.field("source", pa.string(), nullable=False),
        pa.field("stamp", pa.string(), nullable=False),
        pa.field("fingerprint", pa.string()),
        # `complete`, or `skipped` with a reason; a scene under way has no row.
        pa.field("state", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("chips", pa.int64(), nullable=False),
        # Value range that was mapped to [0, 1], one a band that is read.
        pa.field("low", pa.list_(pa.float64())),
        pa.field("high", pa.list_(pa.float64())),
        # What the scene was when it was read, as JSON, so that a chip can be read again.
        pa.field("scene", pa.string()),
    ]
)
"""One row a scene that has been dealt with."""


def chips_schema(space: Space, codes: Space | None = None) -> pa.Schema:
    """Columns of the chips table for vectors of `space`; properties come on top.

    Args:
        space: how vectors compare.
        codes: how codes compare, where there are codes beside the vectors.

    >>> chips_schema(Space("cosine", 4)).field("vector").type
    FixedSizeListType(fixed_size_list<item: float>[4])
    """
    compared = [_packed_field(VECTOR, space), *([] if codes is None else [_packed_field(CODE, codes)])]
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("scene", pa.string(), nullable=False),
            pa.field("fingerprint", pa.string(), nullable=False),
            pa.field("col", pa.int32(), nullable=False),
            pa.field("row", pa.int32(), nullable=False),
            pa.field("width", pa.int32(), nullable=False),
            pa.field("height", pa.int32(), nullable=False),
            pa.field("footprint", pa.binary()),
            pa.field("west", pa.float64()),
            pa.field("south", pa.float64()),
            pa.field("east", pa.float64()),
            pa.field("north", pa.float64()),
            pa.field("datetime", pa.timestamp("us", tz="UTC")),
            pa.field("labels", pa.list_(pa.string()), nullable=False),
            pa.field("valid_share", pa.float32(), nullable=False),
            pa.field("thumbnail", pa.binary()),
            *compared,
        ]
    )


def code_space(held: pa.Schema) -> Space | None:
    """How the codes of a chips table compare; None where it has none.

    >>> code_space(chips_schema(Space("cosine", 4), Space("hamming", 32))) == Space("hamming", 32)
    True
    """
    return Space("hamming", held.field(CODE).type.list_size * 8) if CODE in held.names else None


def property_column(name: str) -> str:
    """The column of a property.

    >>> property_column("cloud")
    'property:cloud'
    """
    return PROPERTY + name


def _packed_field(name: str, space: Space) -> pa.Field:
    return pa.field(name, pa.list_(pa.from_numpy_dtype(space.dtype), space.width), nullable=False)
