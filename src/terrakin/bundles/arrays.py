"""Arrays of a stranger's file: nothing is allocated before it is known to be there."""

import hashlib
import io
import tokenize
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from terrakin.errors import BundleError

__all__ = ["digest_of", "read_array"]

_BROKEN = (ValueError, EOFError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError)
# What NumPy raises on a broken file: its header is a Python literal that NumPy tokenizes.


def read_array(content: bytes, where: str, *, promised: tuple[tuple[int, ...], DTypeLike] | None = None) -> NDArray[Any]:
    """The array of numbers or text in the bytes of an `.npy`.

    Args:
        content: of the file.
        where: what is read, for messages.
        promised: shape and type that it must have.

    Raises:
        BundleError: if it is broken, not what was promised, of objects, or not finite.
    """
    file = io.BytesIO(content)
    try:
        # The header is read first: NumPy allocates what it says before it finds that the data are not there.
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        if promised is not None and (shape, dtype) != (promised[0], np.dtype(promised[1])):
            raise BundleError(f"{where} is {dtype} {shape}; the passport promises {np.dtype(promised[1])} {promised[0]}")
        if dtype.hasobject or any(side < 0 for side in shape) or file.tell() + _bytes(shape, dtype) != len(content):
            raise BundleError(f"{where} is broken: its header says {dtype} {shape} and it has {len(content)} bytes")
        file.seek(0)
        array: NDArray[Any] = np.load(file, allow_pickle=False)
    except _BROKEN as exc:
        raise BundleError(f"{where} is broken: {exc}") from exc
    if array.dtype.kind in "fc" and not np.isfinite(array).all():
        raise BundleError(f"{where} holds NaN or infinity")
    return array


def digest_of(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256, in hex, of names, types, shapes and values; the same on every machine."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        little = array.astype(array.dtype.newbyteorder("<"))
        digest.update(f"{name} {little.dtype.str} {little.shape} ".encode() + little.tobytes())
    return digest.hexdigest()


def _bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    count = dtype.itemsize
    # In Python's integers, which do not overflow.
    for side in shape:
        count *= side
    return count
