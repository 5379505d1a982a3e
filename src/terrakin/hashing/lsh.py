"""The hash function `lsh`: random hyperplanes, the oldest of them; a control.

Charikar, Similarity estimation techniques from rounding algorithms, STOC 2002.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError
from terrakin.hashing.hasher import Origin
from terrakin.hashing.linear_form import LinearForm
from terrakin.progress import Progress

__all__ = ["Lsh"]


@dataclass(frozen=True, slots=True)
class Lsh:
    """Random hyperplanes through the mean; any number of bits."""

    supervised: ClassVar[bool] = False

    def fit(
        self, vectors: NDArray[np.float32], labels: Sequence[Sequence[str]], *, bits: int, seed: int, progress: Progress
    ) -> LinearForm:
        """See `Learner.fit`."""
        if (vectors == vectors[0]).all():
            raise HashingError(f"cannot fit lsh: all {len(vectors)} vectors are the same")
        mean = vectors.mean(axis=0, dtype=np.float64)
        directions = np.random.default_rng(seed).normal(size=(vectors.shape[1], bits))
        return LinearForm(Origin("lsh", seed), mean.astype(np.float32), directions.astype(np.float32))
