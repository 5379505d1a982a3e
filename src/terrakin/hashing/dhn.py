"""The hash function `dhn`: a small network on embeddings, fitted with pairs.

Zhu, Long, Wang and Cao, Deep hashing network for efficient similarity retrieval, AAAI 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.hasher import Hasher
from terrakin.hashing.with_torch import fit_with_torch, must_fill_layers
from terrakin.progress import Progress

__all__ = ["Dhn"]


@dataclass(frozen=True, slots=True)
class Dhn:
    """Deep hashing network: a network under pairwise cross-entropy and quantisation losses. Fitting needs the extra `train`."""

    supervised: ClassVar[bool] = True

    quantise: float = 1.0
    """What pushing outputs to -1 and 1 counts; 0 leaves it out."""
    rate: float = 1e-4
    """Learning rate of Adam."""
    steps: int = 10_000
    """Batches."""
    batch: int = 90
    """Vectors of a batch."""
    width: int = 1024
    """Units of the first layer; each that follows has half as many."""
    depth: int = 2
    """Layers before the last; 0 for the hash layer alone."""

    def __post_init__(self) -> None:
        if min(self.rate, self.steps, self.width) <= 0 or self.batch < 2:
            raise ValueError("rate, steps and width are above 0, and a batch has 2 vectors at least")
        if min(self.quantise, self.depth) < 0:
            raise ValueError("quantise and depth are at least 0")
        must_fill_layers(self.width, self.depth)

    def fit(
        self, vectors: NDArray[np.float32], labels: Sequence[Sequence[str]], *, bits: int, seed: int, progress: Progress
    ) -> Hasher:
        """See `Learner.fit`."""
        return fit_with_torch("dhn", self, vectors, labels, bits=bits, seed=seed, progress=progress)
