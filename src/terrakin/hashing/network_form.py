"""Hash functions that are a small network: layers of weights, then the sign."""

from dataclasses import dataclass
from itertools import count, pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.hasher import Arrays, Fitted, Origin, checked
from terrakin.hashing.products import products
from terrakin.spaces.hamming import pack_bits

__all__ = ["SLOPE", "NetworkForm"]

SLOPE = 0.2
"""What a leaky unit does to values below 0."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkForm(Fitted):
    """Bit r of x is 1 where output r of the last layer is above 0; between layers max(y, 0.2 y).

    The sigmoid or tanh that training sees behind the last layer changes no sign.
    """

    form: ClassVar[str] = "network"

    weights: tuple[NDArray[np.float32], ...]
    """(in, out) of each layer: D in at first, `bits` out at last."""
    biases: tuple[NDArray[np.float32], ...]
    """(out,) of each layer."""

    def __post_init__(self) -> None:
        shapes = [layer.shape for layer in self.weights]
        fits = all(len(shape) == 2 for shape in shapes) and all(one[1] == next_[0] for one, next_ in pairwise(shapes))
        fits = fits and [bias.shape for bias in self.biases] == [shape[1:] for shape in shapes]
        if not shapes or not fits or not self.bits or self.bits % 8:
            raise ValueError(f"got layers {shapes} with biases {[bias.shape for bias in self.biases]}")

    @property
    def bits(self) -> int:
        """See `Hasher.bits`."""
        return int(self.weights[-1].shape[1])

    @property
    def size(self) -> int:
        """See `Hasher.size`."""
        return int(self.weights[0].shape[0])

    def codes(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """See `Hasher.codes`."""
        return pack_bits(self.outputs(vectors) > 0)

    def outputs(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the last layer gives, (N, bits); takes and raises as `codes`."""
        values = checked(vectors, self.size)
        for number, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = products(np.maximum(values, SLOPE * values) if number else values, weights.astype(np.float64)) + bias
        return values

    def arrays(self) -> Arrays:
        """See `Hasher.arrays`."""
        layers = {f"weights.{number}": layer for number, layer in enumerate(self.weights)}
        biases = {f"bias.{number}": bias for number, bias in enumerate(self.biases)}
        return {"form": np.array(self.form), **self.origin.arrays(), **layers, **biases}

    @classmethod
    def of(cls, arrays: Arrays) -> "NetworkForm":
        """See `Hasher.of`."""
        there = next(number for number in count() if f"weights.{number}" not in arrays)
        weights, biases = (
            tuple(np.asarray(arrays[f"{name}.{number}"], np.float32) for number in range(there)) for name in ("weights", "bias")
        )
        return cls(Origin.of(arrays), weights, biases)
