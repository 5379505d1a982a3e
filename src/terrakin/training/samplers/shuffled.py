"""The sampler `shuffled`: every image once an epoch, in an order drawn anew for each."""

import numpy as np
from numpy.typing import NDArray

from terrakin.training.samplers.sampler import checked, drawn

__all__ = ["Shuffled"]


class Shuffled:
    """See `Sampler`. What does not fill a last batch is left out of that epoch; with less than a batch, all images are one."""

    def __init__(self, labels: NDArray[np.int64], batch: int, seed: int) -> None:
        self._count, self._batch, self._seed = len(checked(labels, batch)), batch, seed

    @property
    def steps(self) -> int:
        """See `Sampler.steps`."""
        return max(1, self._count // self._batch)

    def rows(self, step: int) -> NDArray[np.int64]:
        """See `Sampler.rows`."""
        epoch, position = divmod(step, self.steps)
        order = drawn(self._seed, epoch).permutation(self._count)
        return order[position * self._batch : (position + 1) * self._batch]
