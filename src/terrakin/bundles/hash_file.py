"""The hash function of a bundle: `hasher.npz`, and its place in the passport."""

import io
import re
import zipfile

import numpy as np

from terrakin.bundles.arrays import digest_of, read_array
from terrakin.bundles.members import unzip
from terrakin.bundles.passport import Hashing
from terrakin.errors import BundleError, HashingError
from terrakin.hashing.hasher import Hasher
from terrakin.hashing.known import load_hasher

__all__ = ["hashing_of", "read_hasher", "write_hasher"]

_MOST_ARRAYS = 256
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,99}\.npy")


def hashing_of(hasher: Hasher, fitted_on: str) -> Hashing:
    """Its place in a passport."""
    return Hashing(hasher.kind, hasher.bits, hasher.size, hasher.seed, fitted_on, digest_of(hasher.arrays()))


def write_hasher(hasher: Hasher) -> bytes:
    """The contents of a `hasher.npz`: the arrays of the hash function."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **hasher.arrays())
    return file.getvalue()


def read_hasher(content: bytes, provenance: Hashing, *, where: str = "hasher.npz") -> Hasher:
    """The hash function in a `hasher.npz` whose passport says `provenance`.

    Raises:
        BundleError: if it is broken, or has another digest than the passport says.
    """
    file = io.BytesIO(content)
    members = unzip(file, _sizes(content, where), where)
    arrays = {name.removesuffix(".npy"): read_array(array, f"{name} in {where}") for name, array in members.items()}
    if digest_of(arrays) != provenance.digest:
        raise BundleError(f"{where} is not the hash function that the passport names: sha256 differs")
    try:
        return load_hasher(arrays)
    except HashingError as exc:
        raise BundleError(f"{where}: {exc}") from exc


def _sizes(content: bytes, where: str) -> dict[str, int]:
    """Names and sizes of the arrays, which depend on the hash function; together no larger than the file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as exc:
        raise BundleError(f"{where} is not a readable zip: {exc}") from exc
    if len(infos) > _MOST_ARRAYS or sum(info.file_size for info in infos) > len(content):
        raise BundleError(f"{where} holds more than a hash function: {len(infos)} arrays; they are stored, not packed")
    if wrong := [info.filename for info in infos if not _NAME.fullmatch(info.filename)]:
        raise BundleError(f"{where} holds {wrong[0]!r}; expected arrays")
    return {info.filename: info.file_size for info in infos}
