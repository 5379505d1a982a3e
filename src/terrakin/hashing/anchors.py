"""Anchors: the items by whose kernel values a hash function sees a vector."""

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError

__all__ = ["FEWEST", "draw_anchors"]

FEWEST = 8
"""Different vectors that a kernel hash function needs: a subset of a quarter then has two."""


def draw_anchors(vectors: NDArray[np.float32], count: int, kind: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw up to `count` different rows of vectors (N, D), fewer where there are not so many; each different row is as likely.

    Equal anchors make a kernel matrix singular, and archives do hold pictures twice.

    Raises:
        HashingError: if there are fewer than `FEWEST` different rows.
    """
    chosen: dict[bytes, int] = {}
    for row in rng.permutation(len(vectors)):
        if len(chosen) == count:
            break
        chosen.setdefault(vectors[row].tobytes(), int(row))
    if len(chosen) < min(FEWEST, count):
        raise HashingError(
            f"cannot fit {kind}: among {len(vectors)} vectors only {len(chosen)} are different and it needs {FEWEST}; give more"
        )
    return vectors[list(chosen.values())]
