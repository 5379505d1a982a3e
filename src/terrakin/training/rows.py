"""Rows that take long to compute, kept in a file as they come: a kill costs the blocks at hand."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import TrainingError
from terrakin.training.ahead import ahead

__all__ = ["kept_rows"]

Rows = NDArray[np.float32]

_NAME = "embeddings"
# Of the array in the finished file.


def kept_rows(
    file: Path,
    shape: tuple[int, int],
    compute: Callable[[slice], Rows],
    *,
    block: int,
    workers: int,
    done: Callable[[int], None],
) -> Rows:
    """The rows of a finished file; where there is none, they are computed block by block, and the file is written.

    Finished blocks are appended to `<file>.part` in their order, so its length says how many there are. A later call goes on
    after the last whole block; every block has the rows that it would have had, so the result is the same to the bit.

    Args:
        file: an `.npz`; its name must say what the rows depend on.
        shape: (N, D) of all rows.
        compute: gives the rows (n, D) float32 of a slice of [0, N); called in threads.
        block: rows of one call; the last one may have fewer.
        workers: threads.
        done: told how many rows there are, after each block.

    Returns:
        (N, D) float32.

    Raises:
        TrainingError: if the rows cannot be written.
    """
    part = file.with_suffix(".part")
    rows = _finished(file, shape)
    try:
        if rows is None:
            _append(part, shape, compute, block, workers, done)
            rows = np.fromfile(part, np.float32).reshape(shape)
            _write(file, rows)
        part.unlink(missing_ok=True)
    except OSError as exc:
        raise TrainingError(f"cannot write {file}: {exc.strerror or exc}; make room for it") from exc
    return rows


def _append(
    part: Path, shape: tuple[int, int], compute: Callable[[slice], Rows], block: int, workers: int, done: Callable[[int], None]
) -> None:
    count, width = shape
    size = block * width * np.dtype(np.float32).itemsize
    # The last block of all may be short; it is computed again.
    kept = min(part.stat().st_size // size, count // block) if part.exists() else 0
    with part.open("ab") as opened:
        # A kill may have cut a block off.
        opened.truncate(kept * size)
        slices = [slice(first, min(first + block, count)) for first in range(kept * block, count, block)]
        results = ahead(compute, slices, workers=workers)
        try:
            for one, rows in zip(slices, results, strict=True):
                opened.write(np.ascontiguousarray(rows, np.float32).tobytes())
                opened.flush()
                done(one.stop)
        finally:
            # Not left to the collector: threads are at work.
            results.close()


def _finished(file: Path, shape: tuple[int, int]) -> Rows | None:
    """Rows that an earlier run finished; None where there are none that can be used, and they are made anew."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as held:
            rows: Rows = held[_NAME]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return rows if rows.shape == shape and rows.dtype == np.float32 else None


def _write(file: Path, rows: Rows) -> None:
    beside = file.with_suffix(".new")
    try:
        with beside.open("wb") as opened:
            np.savez(opened, allow_pickle=False, **{_NAME: rows})
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
