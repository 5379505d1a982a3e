"""The hash function of a bundle: `hasher.npz`, and its place in the passport."""

from terrakin.bundles.arrays import digest_of, read_arrays, write_arrays
from terrakin.bundles.passport import Hashing
from terrakin.errors import BundleError, HashingError
from terrakin.hashing.hasher import Hasher
from terrakin.hashing.known import load_hasher

__all__ = ["hashing_of", "read_hasher", "write_hasher"]


def hashing_of(hasher: Hasher, fitted_on: str) -> Hashing:
    """Its place in a passport."""
    return Hashing(hasher.kind, hasher.bits, hasher.size, hasher.seed, fitted_on, digest_of(hasher.arrays()))


def write_hasher(hasher: Hasher) -> bytes:
    """The contents of a `hasher.npz`: the arrays of the hash function."""
    return write_arrays(hasher.arrays())


def read_hasher(content: bytes, provenance: Hashing, *, where: str = "hasher.npz") -> Hasher:
    """The hash function in a `hasher.npz` whose passport says `provenance`.

    Raises:
        BundleError: if it is broken, or has another digest than the passport says.
    """
    arrays = read_arrays(content, where)
    if digest_of(arrays) != provenance.digest:
        raise BundleError(f"{where} is not the hash function that the passport names: sha256 differs")
    try:
        return load_hasher(arrays)
    except HashingError as exc:
        raise BundleError(f"{where}: {exc}") from exc
