"""The hash function `mhcln`: a small network on embeddings, fitted with triplets.

Roy, Sangineto, Demir and Sebe, Deep metric and hash-code learning for content-based retrieval of remote sensing images, IGARSS
2018 (MHCLN); the same, Metric-learning-based deep hashing network, IEEE GRSL 18(2), 2021 (MiLaN). Settings are those of the
authors' code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.hasher import Hasher
from terrakin.hashing.with_torch import fit_with_torch, must_fill_layers
from terrakin.progress import Progress

__all__ = ["Balance", "Mhcln"]

Balance = Literal["code", "bit"]


@dataclass(frozen=True, slots=True)
class Mhcln:
    """Metric and hash-code learning: a network under triplet, push and balance losses. Fitting needs the extra `train`."""

    supervised: ClassVar[bool] = True

    margin: float = 0.2
    """By how much a negative is to be farther than a positive, in squared distance of unit vectors, 0 to 2."""
    push: float = 0.001
    """What pushing outputs to 0 and 1 counts; 0 leaves it out."""
    balance: float = 1.0
    """What balance of zeros and ones counts; 0 leaves it out."""
    balanced: Balance = "code"
    """What is balanced: the bits of each `code`, as published, or each `bit` over a batch."""
    unit: bool = True
    """Whether the triplets see outputs at unit length."""
    rate: float = 1e-4
    """Learning rate of Adam."""
    steps: int = 10_000
    """Batches."""
    triplets: int = 30
    """Anchors, positives and negatives of a batch."""
    pairs: int = 1
    """Pairs of classes in a batch, which share its triplets; 1 as published."""
    width: int = 1024
    """Units of the first layer; each that follows has half as many."""
    depth: int = 2
    """Layers before the last."""

    def __post_init__(self) -> None:
        _must_be_positive(self.margin, self.rate, self.steps, self.triplets, self.width)
        if self.pairs < 1 or self.triplets % self.pairs:
            raise ValueError(f"pairs divide the {self.triplets} triplets of a batch, got {self.pairs}")
        if min(self.push, self.balance, self.depth) < 0:
            raise ValueError("push, balance and depth are at least 0")
        if self.balanced not in get_args(Balance):
            raise ValueError(f"balanced is code or bit, got {self.balanced!r}")
        must_fill_layers(self.width, self.depth)

    def fit(
        self, vectors: NDArray[np.float32], labels: Sequence[Sequence[str]], *, bits: int, seed: int, progress: Progress
    ) -> Hasher:
        """See `Learner.fit`."""
        return fit_with_torch("mhcln", self, vectors, labels, bits=bits, seed=seed, progress=progress)


def _must_be_positive(*values: float) -> None:
    if min(values) <= 0:
        raise ValueError(f"margin, rate, steps, triplets and width are above 0, got {min(values)}")
