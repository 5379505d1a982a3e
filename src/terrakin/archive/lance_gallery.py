"""The vectors of a Lance table in memory, with the way from Lance's row ids to places in the gallery."""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from terrakin.archive.gallery import Gallery, packed
from terrakin.archive.schema import Compared
from terrakin.spaces.exact import ExactIndex
from terrakin.spaces.space import Space

__all__ = ["LoadedTable", "load"]

_ROW = "_rowid"


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """One version of a table."""

    version: int
    """Lance's number of it."""
    gallery: Gallery
    """All chips."""
    row_ids: NDArray[np.uint64]
    """(G,) Lance's row ids, in the order of the gallery."""
    sorted_row_ids: NDArray[np.uint64]
    """(G,) the same, ascending."""
    sorted_places: NDArray[np.int64]
    """(G,) the place in the gallery of each of `sorted_row_ids`."""

    def places(self, row_ids: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Places in the gallery of these row ids, ascending: what a filter leaves, for `Gallery.search`."""
        # Marking places and reading the marks in order is faster than sorting them.
        marked = np.zeros(len(self.row_ids), dtype=np.bool_)
        marked[_places(self.sorted_row_ids, self.sorted_places, row_ids)] = True
        return np.flatnonzero(marked)

    def row_id_of(self, name: str) -> int | None:
        """Lance's row id of a chip, or None where it is not there."""
        ids = self.gallery.ids
        at = bisect_left(range(len(ids)), name.encode(), key=lambda place: ids[place].as_py().encode())
        return int(self.row_ids[at]) if at < len(ids) and ids[at].as_py() == name else None


def load(table: Any, space: Space, by: Compared, batch_size: int, like: LoadedTable | None = None) -> LoadedTable:
    """Read the ids, then each batch of vectors to its place: vectors are in memory once.

    Args:
        table: a `lance.LanceDataset`.
        space: how they compare.
        by: column of what is compared.
        batch_size: rows read at a time.
        like: the same version with another column, whose ids are shared instead of read again.
    """
    order = _order(table) if like is None else (like.gallery.ids, like.row_ids, like.sorted_row_ids, like.sorted_places)
    ids, row_ids, sorted_row_ids, sorted_places = order
    vectors: NDArray[Any] = np.empty((len(ids), space.width), dtype=space.dtype)
    for batch in table.to_batches(columns=[by], with_row_id=True, batch_size=batch_size, scan_in_order=False):
        vectors[_places(sorted_row_ids, sorted_places, batch[_ROW].to_numpy())] = packed(space, batch[by])
    return LoadedTable(table.version, Gallery(ids, ExactIndex(space, vectors)), row_ids, sorted_row_ids, sorted_places)


def _order(table: Any) -> tuple[pa.Array, NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
    found = table.to_table(columns=["id"], with_row_id=True)
    order = pc.sort_indices(found["id"])
    ids = found["id"].take(order).combine_chunks()
    row_ids = found[_ROW].to_numpy()[order.to_numpy()]
    sorted_places = np.argsort(row_ids)
    return ids, row_ids, row_ids[sorted_places], sorted_places


def _places(
    sorted_row_ids: NDArray[np.uint64], sorted_places: NDArray[np.int64], wanted: NDArray[np.uint64]
) -> NDArray[np.int64]:
    return sorted_places[np.searchsorted(sorted_row_ids, wanted)]
