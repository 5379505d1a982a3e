"""Codes beside vectors, as every store keeps them."""

import pyarrow as pa

from terrakin.archive.gallery import packed
from terrakin.archive.schema import CODE, VECTOR, Compared, chips_schema
from terrakin.archive.store import Encode
from terrakin.errors import ArchiveError
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

__all__ = ["code_column", "compared", "refuse_codes"]


def code_column(space: Space, codes: Space, vectors: pa.Array | pa.ChunkedArray, encode: Encode) -> pa.FixedSizeListArray:
    """The codes of a column of vectors.

    Args:
        space: how the vectors compare.
        codes: how the codes compare.
        vectors: the column.
        encode: makes codes of vectors.

    Raises:
        ValueError: if what `encode` gives is no code of `codes`.
    """
    made = pack(codes, encode(packed(space, vectors)))
    return pa.FixedSizeListArray.from_arrays(pa.array(made.reshape(-1)), type=chips_schema(space, codes).field(CODE).type)


def compared(by: Compared, space: Space, codes: Space | None) -> Space:
    """The space of a column by which chips are compared.

    Raises:
        ArchiveError: if it is that of codes and there are none.
    """
    if by == VECTOR:
        return space
    if codes is None:
        raise ArchiveError("the archive has no codes; `terrakin index --archive ARCHIVE --hash NAME` makes them of its vectors")
    return codes


def refuse_codes(held: Space | None) -> None:
    """Raise ArchiveError where there are codes."""
    if held is not None:
        raise ArchiveError(f"the archive has codes of {held.size} bits already; drop them first")
