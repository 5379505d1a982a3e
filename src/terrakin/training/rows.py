"""Rows that take long to compute, kept in a file as they come: a kill costs the blocks at hand."""

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

    Finished blocks are appended, in their order, to a file of the same name that ends in `.part`, so its length says how many
    there are. A later call goes on after the last whole block; every block has the rows that it would have had, so the result
    is the same to the bit. Of two processes that want the same rows the second waits for the first.

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
    from filelock import FileLock

    part = file.with_suffix(".part")
    with FileLock(file.with_name(".lock")):
        rows = _finished(file, shape)
        if rows is None:
            _append(part, shape, compute, block, workers, done)
            with _writing(file):
                rows = np.fromfile(part, np.float32).reshape(shape)
                _write(file, rows)
        part.unlink(missing_ok=True)
    return rows


def _append(
    part: Path, shape: tuple[int, int], compute: Callable[[slice], Rows], block: int, workers: int, done: Callable[[int], None]
) -> None:
    count, width = shape
    row = width * np.dtype(np.float32).itemsize
    length = part.stat().st_size if part.exists() else 0
    # The last block of all may be short; it is computed again. What is longer than all rows was not written here.
    kept = min(length // (block * row), count // block) if length <= count * row else 0
    with _writing(part):
        opened = part.open("ab")
    with opened:
        with _writing(part):
            # A kill may have cut a block off.
            opened.truncate(kept * block * row)
        slices = [slice(first, min(first + block, count)) for first in range(kept * block, count, block)]
        results = ahead(compute, slices, workers=workers)
        try:
            for one, rows in zip(slices, results, strict=True):
                with _writing(part):
                    opened.write(np.ascontiguousarray(rows, np.float32).tobytes())
                    opened.flush()
                    # A length that is known must be of rows that are there, even when the power fails.
                    os.fsync(opened.fileno())
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


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Errors of the disk in words; those of whoever computes the rows are theirs."""
    try:
        yield
    except OSError as exc:
        raise TrainingError(f"cannot write {file}: {exc.strerror or exc}; make room for it") from exc


def _write(file: Path, rows: Rows) -> None:
    beside = file.with_suffix(".new")
    try:
        with beside.open("wb") as opened:
            np.savez(opened, allow_pickle=False, **{_NAME: rows})
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
