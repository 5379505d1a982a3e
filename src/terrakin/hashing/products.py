"""Products of matrices that come out the same in every batch, bit for bit."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["products"]

_HIGH, _LOW = 24, 20
# Bits below the length of a vector that its two parts keep. Products of two high parts are multiples of 2**-48 of the lengths'
# product, and so is every partial sum, which Cauchy and Schwarz keep below 2: float64 (53 bits) holds it without rounding. A
# high part by a low part is a multiple of 2**-68 and at most sqrt(D) x 2**-25, which fits up to a million dimensions. What is
# below both parts is lost, sqrt(D) x 2**-44 of a length for each vector; so is the product of the low parts, D x 2**-48.

_BLOCK = 1 << 22
# Values of a block of rows, 32 MB.


def products(rows: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """`rows` (N, D) times `directions` (D, B), each to (sqrt(D) + D / 32) x 2**-43 of the product of the two lengths.

    A library of linear algebra adds in another order for another number of rows or threads, and its last bits differ. Here each
    vector is split into a high and a low part of so few bits that sums are exact in any order; an entry depends on its row and
    its direction alone.

    >>> products(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    high, low = (part.T for part in _parts(np.ascontiguousarray(directions.T)))
    result = np.empty((len(rows), directions.shape[1]))
    for block in _blocks(len(rows), max(1, rows.shape[1])):
        above, below = _parts(rows[block])
        result[block] = above @ high + (above @ low + below @ high)
    return result


def _parts(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The high and the low part of each row; their sum is the row but for what is below both."""
    _, exponents = np.frexp(np.linalg.norm(rows, axis=1, keepdims=True))
    step = np.ldexp(1.0, exponents - _HIGH)
    high = np.rint(rows / step) * step
    step = np.ldexp(step, -_LOW)
    low = np.rint((rows - high) / step) * step
    return high, low


def _blocks(count: int, width: int) -> Iterator[slice]:
    size = max(1, _BLOCK // width)
    return (slice(start, start + size) for start in range(0, count, size))
