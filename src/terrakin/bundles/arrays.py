"""Arrays of a stranger's file: nothing is allocated before it is known to be there."""

import hashlib
import io
import re
import tokenize
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from terrakin.bundles.members import unzip
from terrakin.errors import BundleError

__all__ = ["digest_of", "read_array", "read_arrays", "write_arrays"]

_BROKEN = (ValueError, EOFError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError)
# What NumPy raises on a broken file: its header is a Python literal that NumPy tokenizes.

_NAME = re.compile(r"[a-z][a-z0-9_.]{0,99}\.npy")


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The contents of an `.npz` of arrays, none of them of objects."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def read_arrays(content: bytes, where: str, *, most: int = 256) -> dict[str, NDArray[Any]]:
    """The arrays by name in the bytes of an `.npz` that `write_arrays` wrote.

    Raises:
        BundleError: if it is broken, or holds anything but arrays or more than `most` of them.
    """
    members = unzip(io.BytesIO(content), _sizes(content, where, most), where)
    return {name.removesuffix(".npy"): read_array(array, f"{name} in {where}") for name, array in members.items()}


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


def _sizes(content: bytes, where: str, most: int) -> dict[str, int]:
    """Names and sizes of the arrays, which depend on what they are of; together no larger than the file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as exc:
        raise BundleError(f"{where} is not a readable zip: {exc}") from exc
    if len(infos) > most or sum(info.file_size for info in infos) > len(content):
        raise BundleError(f"{where} holds more than it may: {len(infos)} arrays; they are stored, not packed")
    if wrong := [info.filename for info in infos if not _NAME.fullmatch(info.filename)]:
        raise BundleError(f"{where} holds {wrong[0]!r}; expected arrays")
    return {info.filename: info.file_size for info in infos}
