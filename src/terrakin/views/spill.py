"""Sorting more rows than memory holds: rows go to a scratch file, only their keys stay."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["sorted_groups"]


def sorted_groups(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, *, by: Sequence[str], scratch: Path, group_bytes: int
) -> Iterator[pa.Table]:
    """The rows of all batches in order of the columns `by`, in groups of about `group_bytes`.

    Memory holds the columns `by` and about two groups; the scratch file holds all rows.

    Args:
        batches: rows of `schema`.
        schema: their columns.
        by: columns to sort by, the first before the second; ascending, strings by their UTF-8 bytes.
        scratch: a file to write to; it is removed at the end.
        group_bytes: size of a group, uncompressed.
    """
    try:
        keys, stored = _store(batches, schema, by, scratch)
        if len(keys):
            order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in by]).to_numpy().astype(np.int64)
            starts = np.cumsum([0] + [len(batch) for batch in keys.to_batches()])
            del keys
            step = max(1, group_bytes * len(order) // stored)
            with pa.memory_map(str(scratch)) as mapped, pa.ipc.open_file(mapped) as reader:
                for first in range(0, len(order), step):
                    yield _gathered(reader, order[first : first + step], starts)
    finally:
        scratch.unlink(missing_ok=True)


def _store(batches: Iterable[pa.RecordBatch], schema: pa.Schema, by: Sequence[str], scratch: Path) -> tuple[pa.Table, int]:
    """Write all rows; returns the columns `by`, a batch for each batch written, and the bytes of all columns."""
    keys, stored = [], 0
    with scratch.open("wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            if len(batch):
                writer.write_batch(batch)
                keys.append(batch.select(list(by)))
                stored += batch.nbytes
    return pa.Table.from_batches(keys, pa.schema([schema.field(name) for name in by])), stored


def _gathered(reader: pa.ipc.RecordBatchFileReader, rows: NDArray[np.int64], starts: NDArray[np.int64]) -> pa.Table:
    # Taking from one batch at a time copies only the wanted rows; taking from a table of all batches may join them first.
    wanted = np.sort(rows)
    batch_of = np.searchsorted(starts, wanted, side="right") - 1
    pieces = [
        reader.get_batch(int(number)).take(pa.array(wanted[batch_of == number] - starts[number]))
        for number in np.unique(batch_of)
    ]
    return pa.Table.from_batches(pieces).combine_chunks().take(pa.array(np.searchsorted(wanted, rows)))
