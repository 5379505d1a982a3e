"""The hash function `itq`: principal components, turned so that signs lose the least.

Gong and Lazebnik, Iterative quantization: a procrustean approach to learning binary codes, CVPR 2011.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.hasher import Origin
from terrakin.hashing.linear_form import LinearForm
from terrakin.hashing.principal import principal
from terrakin.progress import Progress

__all__ = ["Itq"]


@dataclass(frozen=True, slots=True)
class Itq:
    """Principal components, rotated so that they lie close to the corners of a cube."""

    supervised: ClassVar[bool] = False

    rounds: int = 50
    """Times that corners and rotation are fitted to each other; 50 in the paper."""

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds are at least 1, got {self.rounds}")

    def fit(
        self, vectors: NDArray[np.float32], labels: Sequence[Sequence[str]], *, bits: int, seed: int, progress: Progress
    ) -> LinearForm:
        """See `Learner.fit`."""
        mean, components = principal(vectors, bits, "itq")
        rows = (vectors.astype(np.float64) - mean) @ components
        rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(bits, bits)))
        for _ in range(self.rounds):
            corners = np.where(rows @ rotation > 0, 1.0, -1.0)
            # The rotation that brings rows closest to given corners is the orthogonal Procrustes problem's.
            left, _, right = np.linalg.svd(corners.T @ rows)
            rotation = (left @ right).T
        origin = Origin("itq", seed, {"rounds": self.rounds})
        return LinearForm(origin, mean.astype(np.float32), (components @ rotation).astype(np.float32))
