"""The hash function `kulsh`: random hyperplanes in the space of a kernel, without labels.

Kulis and Grauman, Kernelized locality-sensitive hashing, IEEE PAMI 34(6), 2012; on archives of remote sensing images Demir and
Bruzzone, IEEE TGRS 54(2), 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError
from terrakin.hashing.anchors import FEWEST, draw_anchors
from terrakin.hashing.hasher import Origin
from terrakin.hashing.kernel_form import KernelForm
from terrakin.hashing.kernels import KERNELS
from terrakin.progress import Progress

__all__ = ["Kulsh", "centred", "hyperplanes", "inverse_root"]

_KEPT = 1e-8
# Share of the largest eigenvalue above which one counts. The vector of ones always has 0, and dividing by its rounding noise
# would drown everything else. The authors' code leaves smaller eigenvalues as they are; here their directions are left out.


@dataclass(frozen=True, slots=True)
class Kulsh:
    """Kernel-based locality-sensitive hashing: two vectors share a bit the more likely, the more alike they are."""

    supervised: ClassVar[bool] = False

    kernel: str = "rbf"
    """Name in `KERNELS`: `rbf` for embeddings, `hik` or `chi2` for histograms."""
    anchors: int = 300
    """Vectors that span the hyperplanes, at least 8; all different ones where there are fewer."""
    subset: int = 30
    """Anchors whose mean makes a hyperplane; a quarter of the anchors where that is less."""

    def __post_init__(self) -> None:
        if self.anchors < FEWEST:
            raise ValueError(f"anchors are at least {FEWEST}, got {self.anchors}")
        if self.subset < 1:
            raise ValueError(f"a subset has at least 1 anchor, got {self.subset}")

    def fit(
        self, vectors: NDArray[np.float32], labels: Sequence[Sequence[str]], *, bits: int, seed: int, progress: Progress
    ) -> KernelForm:
        """See `Learner.fit`."""
        rng = np.random.default_rng(seed)
        anchors = draw_anchors(vectors, self.anchors, "kulsh", rng)
        rows, kernel = anchors.astype(np.float64), KERNELS[self.kernel]
        subset = min(len(anchors) // 4, self.subset)
        try:
            gamma = kernel.scale(rows)
            values = kernel.values(rows, rows, gamma)
        except ValueError as exc:
            raise HashingError(f"cannot fit kulsh: {exc}") from exc
        centre, weights = hyperplanes(values, bits, subset, rng)
        origin = Origin("kulsh", seed, {"kernel": self.kernel, "anchors": len(anchors), "subset": subset})
        return KernelForm(origin, self.kernel, gamma, anchors, centre, weights)


def hyperplanes(
    kernel: NDArray[np.float64], bits: int, subset: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Random hyperplanes as weights of anchors.

    The mean of a few random anchors, less the mean of all, is nearly Gaussian with the covariance of the anchors; whitened by
    the root of its inverse it points in every direction alike. With K centred in rows and columns, the weights of a bit are
    K^(-1/2) e, where e is 1 at the anchors of its subset and else 0. Their sum is 0, for K^(-1/2) maps ones to 0. Therefore the
    mean over all anchors needs no taking off, and a query's kernel values are centred by the column means alone.

    Args:
        kernel: (p, p) kernel values of the anchors with each other, not centred.
        bits: number of hyperplanes.
        subset: anchors of each, at least 1 and fewer than p: of all of them, the mean less the mean is nothing.
        rng: what the subsets are drawn from.

    Returns:
        Centre (p,), the column means of `kernel`, and weights (p, bits).

    Raises:
        ValueError: if the subset is not smaller than p.
        HashingError: if the anchors are all alike to the kernel.
    """
    if not 1 <= subset < len(kernel):
        raise ValueError(f"a subset has 1 to {len(kernel) - 1} of {len(kernel)} anchors, got {subset}")
    kernel = (kernel + kernel.T) / 2
    noise = len(kernel) * np.finfo(np.float64).eps * float(np.abs(kernel).max())
    root = inverse_root(centred(kernel), noise=noise)
    if not root.any():
        raise HashingError(f"cannot fit kulsh: all {len(kernel)} anchors are alike to the kernel; choose another kernel")
    chosen = np.zeros((len(kernel), bits))
    for bit in range(bits):
        chosen[rng.choice(len(kernel), subset, replace=False), bit] = 1
    return kernel.mean(axis=0), root @ chosen


def centred(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """A symmetric matrix (p, p) less its column and its row means, plus the mean of all: rows and columns then sum to 0."""
    centre = kernel.mean(axis=0)
    result: NDArray[np.float64] = kernel - centre - centre[:, np.newaxis] + centre.mean()
    return result


def inverse_root(matrix: NDArray[np.float64], *, noise: float = 0.0) -> NDArray[np.float64]:
    """The root of the pseudo-inverse of a symmetric positive semi-definite matrix (p, p).

    Args:
        matrix: (p, p).
        noise: where no eigenvalue is above, the result is zero.
    """
    values, vectors = np.linalg.eigh(matrix)
    kept = (values > _KEPT * values[-1]) & (values[-1] > noise)
    result: NDArray[np.float64] = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    return result
