"""Decoded bands kept for many windows: in memory while they are small, else in an unnamed temporary file."""

import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import SceneError

__all__ = ["spool"]

_MEMORY = 256 * 2**20
"""Bytes up to which a file's decoded bands stay in memory."""

_ROWS = 512
"""Rows that are decoded at a time at least."""


def spool(
    read_rows: Callable[[int, int], NDArray[Any]],
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    *,
    block: int,
    what: str,
    memory: int = _MEMORY,
) -> NDArray[Any]:
    """Read all rows once and keep them.

    The temporary file has no name, so it is gone with the array, or with the process, however it ends.

    Args:
        read_rows: called with a first row and a number of rows, from top to bottom; gives (C, rows, W).
        shape: (C, H, W) of all.
        dtype: of all.
        block: rows that are decoded together; they are read together.
        what: name of the file, for messages.
        memory: bytes up to which no temporary file is used.

    Returns:
        (C, H, W), read-only where it is a file.

    Raises:
        SceneError: if there is no room for the temporary file.

    >>> numbers = np.arange(12, dtype=np.uint8).reshape(1, 4, 3)
    >>> bool((spool(lambda first, rows: numbers[:, first : first + rows], (1, 4, 3), numbers.dtype, block=1, what="x",
    ...             memory=0) == numbers).all())
    True
    """
    bands, height, width = shape
    row_bytes = width * dtype.itemsize
    if bands * height * row_bytes <= memory:
        return read_rows(0, height)
    step = -(-_ROWS // block) * block
    with tempfile.TemporaryFile() as file:
        for first in range(0, height, step):
            rows = min(step, height - first)
            values = read_rows(first, rows)
            try:
                for band in range(bands):
                    file.seek((band * height + first) * row_bytes)
                    file.write(values[band].tobytes())
            except OSError as exc:
                needed = bands * height * row_bytes / 2**30
                raise SceneError(
                    f"{what} needs {needed:.1f} GiB in {tempfile.gettempdir()} to be decoded once, and writing failed "
                    f"({exc.strerror}); free some, or set TMPDIR to a larger disk"
                ) from exc
        file.flush()
        return np.memmap(file, dtype, "r", shape=shape)
