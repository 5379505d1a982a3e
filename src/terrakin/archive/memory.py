"""A store in memory: for tests, notebooks and small collections, and what the other stores are held to."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from terrakin.archive.coded import code_column, compared, refuse_codes
from terrakin.archive.condition import Condition
from terrakin.archive.condition_mask import to_mask
from terrakin.archive.gallery import Gallery, gallery_of
from terrakin.archive.near_ids import chip_not_found
from terrakin.archive.rows import fitted
from terrakin.archive.schema import CODE, VECTOR, Compared, chips_schema, code_space
from terrakin.archive.store import Encode
from terrakin.errors import ArchiveError
from terrakin.spaces.space import Space

__all__ = ["MemoryStore"]


class MemoryStore:
    """Chips as one Arrow table in the order of their ids. See `Store` for the methods."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._table: pa.Table = chips_schema(space).empty_table()
        self._galleries: dict[Compared, Gallery] = {}
        self._version = 1

    @property
    def codes(self) -> Space | None:
        """See `Store.codes`."""
        return code_space(self._table.schema)

    def add_codes(self, codes: Space, encode: Encode) -> None:
        """See `Store.add_codes`."""
        refuse_codes(self.codes)
        field = chips_schema(self.space, codes).field(CODE)
        self._replace(self._table.append_column(field, code_column(self.space, codes, self._table[VECTOR], encode)))

    def drop_codes(self) -> None:
        """See `Store.drop_codes`."""
        if self.codes is not None:
            self._replace(self._table.drop_columns(CODE))

    def append(self, chips: pa.Table) -> None:
        """See `Store.append`."""
        new = fitted(chips, self._table.schema, self.space)
        twins = pc.filter(new["id"], pc.is_in(new["id"], value_set=self._table["id"].combine_chunks()))
        if len(twins):
            raise ArchiveError(f"the archive holds a chip {pc.min(twins).as_py()!r} already; nothing was added")
        together = pa.concat_tables([self._table, new], promote_options="default")
        self._replace(together.take(pc.sort_indices(together["id"])))

    def delete(self, condition: Condition) -> int:
        """See `Store.delete`."""
        passes = to_mask(condition, self._table)
        if passes.any():
            self._replace(self._table.filter(pa.array(~passes)))
        return int(passes.sum())

    def scan(self, columns: Sequence[str], where: Condition | None = None) -> Iterator[pa.RecordBatch]:
        """See `Store.scan`."""
        return iter(self._passing(where).select(list(columns)).to_batches())

    def take(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """See `Store.take`."""
        held = self._table["id"].to_pylist()
        rows = [bisect_left(held, name) for name in ids]
        for name, row in zip(ids, rows, strict=True):
            if row == len(held) or held[row] != name:
                raise chip_not_found(name, held)
        return self._table.select(list(columns)).take(pa.array(rows, pa.int64()))

    def search(
        self, query: NDArray[Any], *, k: int, where: Condition | None = None, by: Compared = VECTOR
    ) -> tuple[list[str], NDArray[np.float32]]:
        """See `Store.search`."""
        space = compared(by, self.space, self.codes)
        rows = None if where is None else np.flatnonzero(to_mask(where, self._table))
        if by not in self._galleries:
            self._galleries[by] = gallery_of(space, self._table, by)
        return self._galleries[by].search(query, k, rows)

    def count(self, where: Condition | None = None) -> int:
        """See `Store.count`."""
        return int(self._passing(where).num_rows)

    def columns(self) -> pa.Schema:
        """See `Store.columns`."""
        return self._table.schema

    def compact(self) -> None:
        """See `Store.compact`."""
        self._replace(self._table.combine_chunks())

    def checkpoint(self) -> int:
        """See `Store.checkpoint`; nobody else can write to this store."""
        return self._version

    def _passing(self, where: Condition | None) -> pa.Table:
        return self._table if where is None else self._table.filter(pa.array(to_mask(where, self._table)))

    def _replace(self, table: pa.Table) -> None:
        self._table, self._galleries = table, {}
        self._version += 1
