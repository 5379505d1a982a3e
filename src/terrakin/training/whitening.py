"""Whitening by the scatter within classes: what varies inside a class counts less."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Whitening", "within_class"]


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """A linear map of embeddings."""

    mean: NDArray[np.float32]
    """(D,) taken off first."""
    matrix: NDArray[np.float32]
    """(D, d) that the rest is multiplied by, from the right; square unless directions were left out."""

    def apply(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Whitened rows (N, d)."""
        return np.asarray((rows - self.mean) @ self.matrix, np.float32)

    def leading(self, rows: NDArray[np.float32], size: int) -> "Whitening":
        """The same map to its leading principal components: `size` directions in which whitened rows (N, D) vary most."""
        white = self.apply(rows).astype(np.float64)
        white -= white.mean(axis=0)
        _, directions = np.linalg.eigh(white.T @ white)
        # A sign is free; the largest entry decides it, so that every machine finds the same.
        leading = directions[:, ::-1][:, :size]
        leading = leading * np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(size)])
        return Whitening(self.mean, np.asarray(self.matrix @ leading, np.float32))


def within_class(rows: NDArray[np.float32], labels: NDArray[np.int64], *, shrinkage: float) -> Whitening:
    """Fit the map after which images of one class scatter alike in all directions.

    Directions that vary inside classes (season, light, turn) shrink, those that tell classes apart stay. It is the step that
    linear discriminant analysis begins with, known as within-class covariance normalisation (Hatch et al., Interspeech 2006).
    It learns from labels, and what it learns holds for classes that it never saw.

    Args:
        rows: (N, D).
        labels: (N,) class numbers.
        shrinkage: multiple of the mean variance that is added in every direction, at least 0; directions that hardly vary are
            not blown up.

    Raises:
        ValueError: if the shrinkage is negative, or 0 where some direction does not vary.
    """
    exact: NDArray[np.float64] = rows.astype(np.float64)
    centred = np.empty_like(exact)
    for label in np.unique(labels):
        mine = labels == label
        centred[mine] = exact[mine] - exact[mine].mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(rows))
    floor = shrinkage * variances.mean()
    variances = np.maximum(variances, 0) + floor
    if shrinkage < 0 or not variances.min() > 0:
        raise ValueError(f"a shrinkage is above 0 where some direction does not vary inside classes, got {shrinkage}")
    # Through the eigenvectors and back: the axes stay where they were.
    matrix = (directions / np.sqrt(variances)) @ directions.T
    return Whitening(exact.mean(axis=0).astype(np.float32), matrix.astype(np.float32))
