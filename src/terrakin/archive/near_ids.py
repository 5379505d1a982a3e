"""Errors about ids that are not there."""

import difflib
from bisect import bisect_left
from collections.abc import Sequence

from terrakin.errors import ChipNotFoundError

__all__ = ["chip_not_found"]

_AROUND = 200
# Comparing a mistaken id with every one of a million takes a minute; its neighbours in order share its beginning, which is
# where people look first.


def chip_not_found(name: str, ids: Sequence[str]) -> ChipNotFoundError:
    """The error for an id that an archive does not hold, with the nearest one that it does.

    Args:
        name: the mistaken id.
        ids: all ids, ascending.

    >>> chip_not_found("harbor/harbour01.tif", ["forest/01.tif", "harbor/harbor01.tif"])
    ChipNotFoundError("no chip 'harbor/harbour01.tif' in this archive; did you mean 'harbor/harbor01.tif'?")
    """
    at = bisect_left(ids, name)
    around = ids[max(0, at - _AROUND) : at + _AROUND]
    close = difflib.get_close_matches(name, list(around), n=1)
    hint = f"did you mean {close[0]!r}?" if close else ("it is empty" if not ids else f"its ids look like {around[0]!r}")
    return ChipNotFoundError(f"no chip {name!r} in this archive; {hint}")
