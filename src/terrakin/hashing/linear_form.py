"""Hash functions that ask on which side of hyperplanes a vector lies."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.hasher import Arrays, Fitted, Origin, checked
from terrakin.hashing.products import products
from terrakin.spaces.hamming import pack_bits

__all__ = ["LinearForm"]


@dataclass(frozen=True, slots=True, eq=False)
class LinearForm(Fitted):
    """Bit r of x is 1 where (x - mean) · direction r > 0."""

    form: ClassVar[str] = "linear"

    mean: NDArray[np.float32]
    """(D,) taken off first."""
    directions: NDArray[np.float32]
    """(D, bits)."""

    def __post_init__(self) -> None:
        fits = self.directions.ndim == 2 and self.mean.shape == self.directions.shape[:1]
        if not fits or not self.bits or self.bits % 8:
            raise ValueError(f"got directions {self.directions.shape} for a mean {self.mean.shape}")

    @property
    def bits(self) -> int:
        """See `Hasher.bits`."""
        return int(self.directions.shape[1])

    @property
    def size(self) -> int:
        """See `Hasher.size`."""
        return len(self.mean)

    def codes(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """See `Hasher.codes`."""
        centred = checked(vectors, self.size) - self.mean
        return pack_bits(products(centred, self.directions.astype(np.float64)) > 0)

    def arrays(self) -> Arrays:
        """See `Hasher.arrays`."""
        return {"form": np.array(self.form), **self.origin.arrays(), "mean": self.mean, "directions": self.directions}

    @classmethod
    def of(cls, arrays: Arrays) -> "LinearForm":
        """See `Hasher.of`."""
        mean, directions = (np.asarray(arrays[name], np.float32) for name in ("mean", "directions"))
        return cls(Origin.of(arrays), mean, directions)
