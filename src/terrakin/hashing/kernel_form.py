"""Hash functions that see a vector by its kernel values with anchors."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.hasher import Arrays, Fitted, Origin, checked
from terrakin.hashing.kernels import KERNELS
from terrakin.hashing.products import products
from terrakin.spaces.hamming import pack_bits

__all__ = ["KernelForm"]

_BLOCK = 4096
# Rows at a time: a million rows by 300 anchors would be 2.4 GB of kernel values.


@dataclass(frozen=True, slots=True, eq=False)
class KernelForm(Fitted):
    """Bit r of x is 1 where (k(x, anchors) - centre) · weights r > 0."""

    form: ClassVar[str] = "kernel"

    kernel: str
    """Name in `KERNELS`."""
    gamma: float
    """Scale of the kernel, above 0."""
    anchors: NDArray[np.float32]
    """(p, D)."""
    centre: NDArray[np.float64]
    """(p,) taken off the kernel values."""
    weights: NDArray[np.float64]
    """(p, bits)."""

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.anchors.ndim != 2 or not self.bits or self.bits % 8:
            raise ValueError(f"got weights {self.weights.shape} for anchors {self.anchors.shape}")
        KERNELS[self.kernel]  # an unknown one is told about when it is opened, not when it is used
        if not self.weights.shape[:1] == self.anchors.shape[:1] == self.centre.shape:
            raise ValueError(
                f"got {len(self.weights)} weights and a centre {self.centre.shape} for {len(self.anchors)} anchors"
            )
        # Below 0, values would grow with distance until they overflow.
        if not self.gamma > 0:
            raise ValueError(f"the scale of a kernel is above 0, got {self.gamma}")

    @property
    def bits(self) -> int:
        """See `Hasher.bits`."""
        return int(self.weights.shape[1])

    @property
    def size(self) -> int:
        """See `Hasher.size`."""
        return int(self.anchors.shape[1])

    def codes(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """See `Hasher.codes`."""
        rows = checked(vectors, self.size)
        anchors, kernel = self.anchors.astype(np.float64), KERNELS[self.kernel]
        packed = np.empty((len(rows), self.bits // 8), np.uint8)
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            values = kernel.values(rows[block], anchors, self.gamma)
            packed[block] = pack_bits(products(values - self.centre, self.weights) > 0)
        return packed

    def arrays(self) -> Arrays:
        """See `Hasher.arrays`."""
        return {
            "form": np.array(self.form),
            **self.origin.arrays(),
            "kernel": np.array(self.kernel),
            "gamma": np.array(self.gamma),
            "anchors": self.anchors,
            "centre": self.centre,
            "weights": self.weights,
        }

    @classmethod
    def of(cls, arrays: Arrays) -> "KernelForm":
        """See `Hasher.of`."""
        return cls(
            Origin.of(arrays),
            str(arrays["kernel"].item()),
            float(arrays["gamma"].item()),
            np.asarray(arrays["anchors"], np.float32),
            np.asarray(arrays["centre"], np.float64),
            np.asarray(arrays["weights"], np.float64),
        )
