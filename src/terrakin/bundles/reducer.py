"""The reducer: principal components of a model's embeddings, fitted in one pass."""

import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.arrays import read_array
from terrakin.bundles.members import unzip
from terrakin.bundles.passport import Reduction
from terrakin.errors import BundleError

__all__ = ["Reducer", "fit", "parse_reducer", "read_reducer", "write_reducer"]

_LARGEST_ARRAY = 1 << 27
# Bytes of one array in a reducer's file, unpacked: 128 MB is 5,800 dimensions onto as many.

_FLOOR = 1e-6
# Share of the largest variance below which whitening does not divide: directions without variance are rounding noise.


@dataclass(frozen=True, slots=True, eq=False)
class Reducer:
    """Principal components of unit-length embeddings.

    Rows are brought to unit length, the mean of the rows it was fitted on is taken off, and the rest is projected; results
    compare by cosine, as the rows did. This order is part of the format. Chosen on AID (1280 dimensions of the off-the-shelf
    network to 64, 100 images a class, leave-one-out mAP, 0.397 unreduced): 0.458; centred rows of their own length 0.451; unit
    rows without centring 0.436. Whitening is for a purpose of its own, not for quality: 0.345.
    """

    mean: NDArray[np.float32]
    """(D,) of the unit-length rows it was fitted on."""
    components: NDArray[np.float32]
    """(size, D), most variance first; of unit length, or divided by the standard deviation along them where whitened."""
    provenance: Reduction
    """Its place in a passport."""

    def apply(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Reduce embeddings (N, D) to (N, size)."""
        if vectors.ndim != 2 or vectors.shape[1] != len(self.mean):
            raise ValueError(f"this reducer takes vectors (N, {len(self.mean)}), got {vectors.shape}")
        return (_unit(vectors.astype(np.float32, copy=False)) - self.mean) @ self.components.T


def fit(batches: Iterable[NDArray[np.float32]], *, size: int, whiten: bool = False, fitted_on: str = "archive") -> Reducer:
    """Principal components of embeddings, from one pass over them.

    Count, mean and scatter are carried in float64, so memory is D x D however many embeddings there are, and the result does
    not depend on how they are batched (to rounding). Each component's sign makes its largest value positive.

    Args:
        batches: of (N, D), any number of rows each; not packed.
        size: dimensions to keep.
        whiten: divide each by the standard deviation along it.
        fitted_on: what they are embeddings of, in words.

    Raises:
        BundleError: if there are too few embeddings or dimensions for `size`, or some are not finite, or all are the same.

    >>> rows = np.array([[5, 0], [4, 3], [3, 4]], dtype=np.float32)
    >>> fit([rows[:2], rows[2:]], size=1).apply(rows).round(2)
    array([[-0.51],
           [ 0.12],
           [ 0.39]], dtype=float32)
    """
    count, mean, scatter = _moments(batches)
    if not 1 <= size <= len(mean):
        raise BundleError(f"cannot reduce embeddings of {len(mean)} dimensions to {size}; choose 1 to {len(mean)}")
    if count <= size:
        raise BundleError(
            f"a reducer to {size} dimensions needs more than {size} embeddings, got {count}; choose a smaller size"
        )
    variances, directions = np.linalg.eigh(scatter / count)
    variances, components = variances[::-1][:size], directions[:, ::-1][:, :size].T
    if not variances[0] > _FLOOR**2:
        raise BundleError(f"cannot fit a reducer: all {count} embeddings are the same")
    components = components * np.sign(components[np.arange(size), np.abs(components).argmax(axis=1)])[:, np.newaxis]
    if whiten:
        components = components / np.sqrt(np.maximum(variances, _FLOOR * variances[0]))[:, np.newaxis]
    arrays = mean.astype(np.float32), np.ascontiguousarray(components, dtype=np.float32)
    kind = "pca-whitened" if whiten else "pca"
    return Reducer(*arrays, Reduction(kind, len(mean), size, fitted_on, _digest(*arrays)))


def parse_reducer(words: str) -> tuple[int, bool]:
    """Size and whitening of a reducer that is asked for in words.

    Raises:
        BundleError: if the words are not `pca:SIZE` or `pca-whitened:SIZE`.

    >>> parse_reducer("pca:64"), parse_reducer("pca-whitened:128")
    ((64, False), (128, True))
    """
    found = re.fullmatch(r"(pca|pca-whitened):([1-9][0-9]{0,4})", words)
    if not found:
        raise BundleError(f"a reducer is pca:SIZE or pca-whitened:SIZE, such as pca:64, got {words!r}")
    return int(found[2]), found[1] == "pca-whitened"


def write_reducer(reducer: Reducer) -> bytes:
    """The contents of a `reducer.npz`: arrays `mean` and `components`."""
    file = io.BytesIO()
    np.savez(file, mean=reducer.mean, components=reducer.components)
    return file.getvalue()


def read_reducer(content: bytes, provenance: Reduction, *, where: str = "reducer.npz") -> Reducer:
    """The reducer in a `reducer.npz` whose passport says `provenance`.

    Raises:
        BundleError: if it is broken, or holds anything but the two float32 arrays of the right shapes and digest.
    """
    names = ("mean.npy", "components.npy")
    members = unzip(io.BytesIO(content), dict.fromkeys(names, _LARGEST_ARRAY), where)
    if missing := [name for name in names if name not in members]:
        raise BundleError(f"{where} lacks {', '.join(missing)}")
    shapes = (provenance.size_in,), (provenance.size, provenance.size_in)
    mean, components = (
        read_array(members[name], f"{name} in {where}", promised=(shape, np.float32))
        for name, shape in zip(names, shapes, strict=True)
    )
    if _digest(mean, components) != provenance.digest:
        raise BundleError(f"{where} is not the reducer that the passport names: sha256 differs")
    return Reducer(mean, components, provenance)


def _moments(batches: Iterable[NDArray[np.float32]]) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Count, mean (D,) and scatter about the mean (D, D) of unit rows; batches merge as Chan, Golub & LeVeque (1979)."""
    count = 0
    mean: Any = 0.0
    scatter: Any = 0.0
    for batch in batches:
        if batch.ndim != 2 or (count and batch.shape[1] != len(mean)):
            raise ValueError(f"batches have the shape (N, D) with one D, got {batch.shape}")
        if not np.isfinite(batch).all():
            raise BundleError("cannot fit a reducer: an embedding holds NaN or infinity")
        if len(batch) == 0:
            continue
        rows = _unit(batch.astype(np.float64))
        batch_mean = rows.mean(axis=0)
        centred = rows - batch_mean
        step = batch_mean - mean
        total = count + len(rows)
        scatter = scatter + centred.T @ centred + np.outer(step, step) * (count * len(rows) / total)
        mean = mean + step * (len(rows) / total)
        count = total
    if count == 0:
        raise BundleError("cannot fit a reducer: there are no embeddings; index something first")
    return count, mean, scatter


def _unit(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows at unit length; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def _digest(mean: NDArray[np.float32], components: NDArray[np.float32]) -> str:
    return hashlib.sha256(mean.astype("<f4").tobytes() + components.astype("<f4").tobytes()).hexdigest()
