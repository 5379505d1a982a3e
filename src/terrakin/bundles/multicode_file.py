"""Multi-code hashing in a bundle: `multicode.npz`, and its place in the passport."""

from terrakin.bundles.arrays import digest_of, read_arrays, write_arrays
from terrakin.bundles.passport import MultiCoding
from terrakin.errors import BundleError, HashingError
from terrakin.hashing.multicode import MultiCode
from terrakin.hashing.multicode_arrays import arrays_of, load_multi_code
from terrakin.regions.known import settings_of

__all__ = ["coding_of", "read_multi_code", "write_multi_code"]

_MOST_ARRAYS = 2048
# 64 primitives, each with a hash function of up to 32 arrays.


def coding_of(coder: MultiCode, size_in: int, fitted_on: str) -> MultiCoding:
    """Its place in a passport of a network that gives `size_in` dimensions."""
    regions, _ = settings_of(coder.describer.segmenter)
    return MultiCoding(regions, coder.space.codes, coder.space.size, size_in, fitted_on, digest_of(arrays_of(coder)))


def write_multi_code(coder: MultiCode) -> bytes:
    """The contents of a `multicode.npz`."""
    return write_arrays(arrays_of(coder))


def read_multi_code(content: bytes, provenance: MultiCoding, *, where: str = "multicode.npz") -> MultiCode:
    """What makes sets of codes, from a `multicode.npz` whose passport says `provenance`.

    Raises:
        BundleError: if it is broken, or has another digest than the passport says.
    """
    arrays = read_arrays(content, where, most=_MOST_ARRAYS)
    if digest_of(arrays) != provenance.digest:
        raise BundleError(f"{where} is not the multi-code hashing that the passport names: sha256 differs")
    try:
        return load_multi_code(arrays)
    except HashingError as exc:
        raise BundleError(f"{where}: {exc}") from exc
