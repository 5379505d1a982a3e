"""The hash function `sign`: the signs of what the vectors vary in most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.hasher import Origin
from terrakin.hashing.linear_form import LinearForm
from terrakin.hashing.principal import principal
from terrakin.progress import Progress

__all__ = ["Sign"]


@dataclass(frozen=True, slots=True)
class Sign:
    """Signs of the vector itself where it has as many dimensions as there are bits, else of its principal components.

    It learns nothing; whatever does learn has to be better at equal bits.
    """

    supervised: ClassVar[bool] = False

    def fit(
        self, vectors: NDArray[np.float32], labels: Sequence[Sequence[str]], *, bits: int, seed: int, progress: Progress
    ) -> LinearForm:
        """See `Learner.fit`."""
        origin, size = Origin("sign", seed), vectors.shape[1]
        if size == bits:
            return LinearForm(origin, np.zeros(size, np.float32), np.eye(size, dtype=np.float32))
        mean, components = principal(vectors, bits, "sign")
        return LinearForm(origin, mean.astype(np.float32), components.astype(np.float32))
