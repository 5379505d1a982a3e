"""The embedded store: one Lance table, columnar, versioned and transactional."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from terrakin.archive import lance_ann
from terrakin.archive.coded import code_column, compared, refuse_codes
from terrakin.archive.condition import Condition, OneOf
from terrakin.archive.condition_sql import to_sql
from terrakin.archive.gallery import Nearest, nearest_among
from terrakin.archive.known_ids import KnownIds
from terrakin.archive.lance_errors import translated
from terrakin.archive.lance_gallery import LoadedTable, load
from terrakin.archive.lance_names import outer_name, stored_name
from terrakin.archive.lance_table import is_table
from terrakin.archive.near_ids import chip_not_found
from terrakin.archive.recall import Recall
from terrakin.archive.rows import fitted
from terrakin.archive.schema import CODE, VECTOR, Compared, chips_schema, code_space
from terrakin.archive.store import Encode
from terrakin.errors import ArchiveError
from terrakin.spaces.space import Space

__all__ = ["EXACT_BYTES", "LanceStore"]

EXACT_BYTES = 2 << 30
"""Bytes of vectors up to which search is exhaustive in memory: 4 million x 128 float32, 80 ms a query on one core. Above, an
index takes over once it is built, and until then every search reads the vectors from disk."""

_KEEP_VERSIONS = dt.timedelta(hours=1)
# Files of replaced versions stay this long, for readers that opened them; a reader that checks in more often never loses one.

_LOOKED_UP = ("id", "scene")


_BATCH_BYTES = 4 << 20
# Of vectors, read at a time: several batches are under way at once.


class LanceStore:
    """Chips in a Lance table. See `Store` for the methods.

    One process writes at a time (the archive's lock sees to it); any number read, and see what was written since when they call
    `checkpoint`. Every write is one commit: a process killed at any moment leaves a whole number of them.
    """

    def __init__(self, path: Path, space: Space, *, exact_bytes: int = EXACT_BYTES) -> None:
        """Open the table at `path`, or create it.

        Args:
            path: folder of the table, `<archive>/chips.lance`.
            space: how the vectors compare.
            exact_bytes: bytes of vectors up to which search is exhaustive in memory.

        Raises:
            ArchiveError: if the table is broken or holds vectors of another width or type.
        """
        import lance

        self.space = space
        self._path = path
        self._exact_bytes = exact_bytes
        self._loaded: dict[Compared, LoadedTable] = {}
        self._known: KnownIds | None = None
        with translated(path):
            self._table: Any = lance.dataset(path) if is_table(path) else lance.write_dataset(_empty(space), path)
        wanted, found = _empty(space).schema.field(VECTOR).type, self._table.schema.field(VECTOR).type
        if wanted != found:
            raise ArchiveError(f"the table at {str(path)!r} holds vectors of {found}; this model's are {wanted}")

    @property
    def codes(self) -> Space | None:
        """See `Store.codes`."""
        return code_space(self._table.schema)

    def add_codes(self, codes: Space, encode: Encode) -> None:
        """See `Store.add_codes`."""
        import lance

        self.checkpoint()
        refuse_codes(self.codes)
        schema = pa.schema([chips_schema(self.space, codes).field(CODE)])

        @lance.batch_udf(output_schema=schema)
        def made(batch: pa.RecordBatch) -> pa.RecordBatch:
            return pa.RecordBatch.from_arrays([code_column(self.space, codes, batch[VECTOR], encode)], schema=schema)

        with translated(self._path):
            self._table.add_columns(made, read_columns=[VECTOR], batch_size=self._batch_rows(VECTOR))

    def drop_codes(self) -> None:
        """See `Store.drop_codes`."""
        self.checkpoint()
        if self.codes is not None:
            with translated(self._path):
                self._table.drop_columns([CODE])

    def append(self, chips: pa.Table) -> None:
        """See `Store.append`."""
        import lance

        self.checkpoint()
        new = fitted(chips, self.columns(), self.space)
        names = new["id"].to_pylist()
        if self._known is None:
            self._known = KnownIds(name for batch in self.scan(["id"]) for name in batch["id"].to_pylist())
        if (perhaps := self._known.perhaps(names)) and (twins := self._row_ids(perhaps)):
            raise ArchiveError(f"the archive holds a chip {min(twins)!r} already; nothing was added")
        stored = new.rename_columns([stored_name(name) for name in new.schema.names])
        with translated(self._path):
            if fresh := [field for field in stored.schema if field.name not in self._table.schema.names]:
                self._table.add_columns(pa.schema(fresh))
            self._table = lance.write_dataset(stored, self._table, mode="append")
        self._known.add(names)

    def delete(self, condition: Condition) -> int:
        """See `Store.delete`."""
        # Hashes of deleted ids stay among the known ones, which only means that these ids are looked up if they come again.
        self.checkpoint()
        with translated(self._path):
            return int(self._table.delete(self._sql(condition))["num_deleted_rows"])

    def scan(self, columns: Sequence[str], where: Condition | None = None) -> Iterator[pa.RecordBatch]:
        """See `Store.scan`."""
        for batch in self._batches([stored_name(name) for name in columns], where):
            yield batch.rename_columns(list(columns))

    def take(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """See `Store.take`."""
        rows = self._row_ids(ids)
        for name in ids:
            if name not in rows:
                raise chip_not_found(name, sorted(held for batch in self.scan(["id"]) for held in batch["id"].to_pylist()))
        with translated(self._path):
            table = self._table._take_rows([rows[name] for name in ids], columns=[stored_name(name) for name in columns])
        return table.rename_columns(list(columns))

    def search(self, query: NDArray[Any], *, k: int, where: Condition | None = None, by: Compared = VECTOR) -> Nearest:
        """See `Store.search`. Approximate only above `exact_bytes`, and only once `build_index` has been called."""
        if self._fits_memory(by):
            loaded = self._load(by)
            return loaded.gallery.search(query, k, None if where is None else loaded.places(self._passing(where)))
        space = compared(by, self.space, self.codes)
        sql = None if where is None else self._sql(where)
        with translated(self._path):
            approximate = lance_ann.is_built(self._table, by) and not lance_ann.steps_aside(self._table, sql)
            if approximate:
                return lance_ann.search(self._table, space, query, k, sql, by)
        return nearest_among(self.scan(["id", by], where), space, query, k, by)

    def count(self, where: Condition | None = None) -> int:
        """See `Store.count`."""
        with translated(self._path):
            return int(self._table.count_rows(filter=None if where is None else self._sql(where)))

    def columns(self) -> pa.Schema:
        """See `Store.columns`."""
        return pa.schema([field.with_name(outer_name(field.name)) for field in self._table.schema])

    def compact(self) -> None:
        """See `Store.compact`. Files of versions that were replaced over an hour ago are removed."""
        self.checkpoint()
        with translated(self._path):
            self._table.optimize.compact_files()
            indexed = {name for index in self._table.describe_indices() for name in index.field_names}
            for column in _LOOKED_UP:
                if column not in indexed:
                    self._table.create_scalar_index(column, "BTREE")
            self._table.optimize.optimize_indices()
            self._table.cleanup_old_versions(older_than=_KEEP_VERSIONS)

    def checkpoint(self) -> int:
        """See `Store.checkpoint`."""
        before = self._table.version
        with translated(self._path):
            self._table.checkout_latest()
        if self._table.version != before:
            self._known = None
        return int(self._table.version)

    def build_index(self, *, by: Compared = VECTOR, k: int = 10, queries: int = 100, rng: np.random.Generator) -> Recall:
        """Build the index for archives above `exact_bytes`, measure its recall on the store's own vectors, and record it.

        Args:
            by: the column that is to be searched by it.
            k: neighbours that are to be found.
            queries: stored vectors that are asked for.
            rng: draws them.

        Raises:
            ArchiveError: for code sets, which have no index.
        """
        self.checkpoint()
        space = compared(by, self.space, self.codes)
        with translated(self._path):
            lance_ann.build(self._table, space, by)
            return lance_ann.measure(self._table, space, k, queries, rng, by)

    def recall(self, by: Compared = VECTOR) -> Recall | None:
        """What search finds of the truth, as measured when the index was built; None while search is exhaustive."""
        with translated(self._path):
            return (
                None
                if self._fits_memory(by) or not lance_ann.is_built(self._table, by)
                else lance_ann.recorded(self._table, by)
            )

    def wants_index(self, by: Compared = VECTOR) -> bool:
        """Whether search would gain from `build_index`: more than `exact_bytes`, and no index, or one of half the chips."""
        if not lance_ann.is_possible(compared(by, self.space, self.codes)) or self._fits_memory(by):
            return False
        held = self.recall(by)
        return held is None or held.chips < self.count() / 2

    def _fits_memory(self, by: Compared) -> bool:
        if self._current(by) is not None:
            return True  # it was loaded because it fits; to count would take longer than to search 10,000 chips
        return self.count() * self._row_bytes(by) <= self._exact_bytes

    def _row_bytes(self, by: Compared) -> int:
        return compared(by, self.space, self.codes).bytes

    def _load(self, by: Compared) -> LoadedTable:
        held = self._current(by)
        if held is None:
            # The old one goes before the new one comes: vectors are in memory once.
            self._loaded = {other: loaded for other, loaded in self._loaded.items() if self._current(other) is not None}
            with translated(self._path):
                space = compared(by, self.space, self.codes)
                held = load(self._table, space, by, self._batch_rows(by), like=next(iter(self._loaded.values()), None))
            self._loaded[by] = held
        return held

    def _current(self, by: Compared) -> LoadedTable | None:
        held = self._loaded.get(by)
        return held if held is not None and held.version == self._table.version else None

    def _batch_rows(self, by: Compared) -> int:
        return max(1, _BATCH_BYTES // self._row_bytes(by))

    def _batches(self, stored: list[str], where: Condition | None) -> Iterator[pa.RecordBatch]:
        sql = None if where is None else self._sql(where)
        with translated(self._path):
            rows = min(self._batch_rows(VECTOR), 8192)
            yield from self._table.to_batches(columns=stored, filter=sql, batch_size=rows, scan_in_order=False)

    def _passing(self, where: Condition) -> NDArray[np.uint64]:
        with translated(self._path):
            table = self._table.to_table(columns=[], filter=self._sql(where), with_row_id=True)
        row_ids: NDArray[np.uint64] = table["_rowid"].to_numpy()
        return row_ids

    def _row_ids(self, ids: Sequence[str]) -> dict[str, int]:
        """Lance's row ids of those chips that are there."""
        if loaded := self._current(VECTOR) or self._current(CODE):
            found = {name: loaded.row_id_of(name) for name in ids}
            return {name: row for name, row in found.items() if row is not None}
        if not ids:
            return {}
        with translated(self._path):
            table = self._table.to_table(columns=["id"], filter=self._sql(OneOf("id", tuple(ids))), with_row_id=True)
        return dict(zip(table["id"].to_pylist(), table["_rowid"].to_pylist(), strict=True))

    def _sql(self, condition: Condition) -> str:
        return to_sql(condition, self.columns())


def _empty(space: Space) -> pa.Table:
    return chips_schema(space).empty_table()
