"""Principal components, from which several hash functions start."""

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError

__all__ = ["principal"]

_FLOOR = 1e-10
# Share of the largest variance below which a direction is rounding noise.


def principal(vectors: NDArray[np.float32], count: int, kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (D,) and leading components (D, count) of vectors (N, D), most variance first.

    A component's sign is free; its largest entry is made positive, so that every machine finds the same.

    Raises:
        HashingError: if the vectors do not vary in so many directions.
    """
    rows = vectors.astype(np.float64)
    mean = rows.mean(axis=0)
    rows -= mean
    variances, directions = np.linalg.eigh(rows.T @ rows / len(rows))
    varying = int((variances > max(_FLOOR * variances[-1], np.finfo(np.float64).tiny)).sum())
    if varying < count:
        raise HashingError(
            f"{kind} takes one bit from each direction in which vectors vary; these {len(rows)} vary in {varying} and {count} "
            "bits are asked for; choose fewer bits, give more vectors, or choose lsh or kulsh"
        )
    leading = directions[:, ::-1][:, :count]
    largest = leading[np.abs(leading).argmax(axis=0), np.arange(count)]
    return mean, leading * np.sign(largest)
