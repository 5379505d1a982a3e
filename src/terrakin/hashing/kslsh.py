"""The hash function `kslsh`: codes whose inner products say which items are of a class, fitted bit by bit.

Liu, Wang, Ji, Jiang and Chang, Supervised hashing with kernels, CVPR 2012; on archives of remote sensing images Demir and
Bruzzone, IEEE TGRS 54(2), 2016. Settings are those of the authors' code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError
from terrakin.hashing.anchors import FEWEST, draw_anchors
from terrakin.hashing.hasher import Origin
from terrakin.hashing.kernel_form import KernelForm
from terrakin.hashing.kernels import KERNELS
from terrakin.hashing.nesterov import minimise
from terrakin.hashing.similarity import similarity
from terrakin.progress import Progress, silent

__all__ = ["MOST_ITEMS", "Kslsh", "greedy", "signs", "smooth"]

Array = NDArray[np.float64]

MOST_ITEMS = 10_000
"""Labelled items at most: the residual holds a number for each pair of them, 800 MB."""

_RIDGE = 1e-6
# Share of the mean eigenvalue that is added in every direction: anchors that are items themselves make the matrix singular.


@dataclass(frozen=True, slots=True)
class Kslsh:
    """Kernel-based supervised hashing: items that share half of their labels get like codes, others unlike ones."""

    supervised: ClassVar[bool] = True

    kernel: str = "rbf"
    """Name in `KERNELS`: `rbf` for embeddings, `hik` or `chi2` for histograms."""
    anchors: int = 300
    """Vectors by whose kernel values others are seen, at least 8; all different ones where there are fewer."""
    items: int = 2000
    """Labelled vectors that codes are fitted to, drawn at random where there are more; at most 10,000."""

    def __post_init__(self) -> None:
        if self.anchors < FEWEST:
            raise ValueError(f"anchors are at least {FEWEST}, got {self.anchors}")
        if not 2 <= self.items <= MOST_ITEMS:
            raise ValueError(
                f"items are 2 to {MOST_ITEMS:,}, got {self.items:,}; it keeps a number for each pair of them, "
                f"{8 * self.items**2 / 1e9:.1f} GB"
            )

    def fit(
        self, vectors: NDArray[np.float32], labels: Sequence[Sequence[str]], *, bits: int, seed: int, progress: Progress
    ) -> KernelForm:
        """See `Learner.fit`."""
        rng = np.random.default_rng(seed)
        anchors = draw_anchors(vectors, self.anchors, "kslsh", rng)
        chosen = np.sort(rng.permutation(len(vectors))[: self.items])
        rows, items, kernel = anchors.astype(np.float64), vectors[chosen].astype(np.float64), KERNELS[self.kernel]
        pairs = similarity([labels[row] for row in chosen])
        if not (pairs == -1).any():
            raise HashingError(f"cannot fit kslsh: no two of {len(items)} items are without a common label")
        try:
            gamma = kernel.scale(rows, items)
            values = kernel.values(items, rows, gamma)
        except ValueError as exc:
            raise HashingError(f"cannot fit kslsh: {exc}") from exc
        centre = values.mean(axis=0)
        weights = greedy(values - centre, pairs, bits, progress=progress)
        origin = Origin("kslsh", seed, {"kernel": self.kernel, "anchors": len(anchors), "items": len(items)})
        return KernelForm(origin, self.kernel, gamma, anchors, centre, weights)


def greedy(kernel: Array, pairs: Array, bits: int, *, progress: Progress = silent) -> Array:
    """Weights, bit by bit, that make | (1 / bits) Y Y^T - pairs |^2 small, where Y are the signs of `kernel` times them.

    The residual R begins as bits x pairs. A bit with signs y takes |y y^T|^2 - 2 y^T R y off the objective, so each maximises
    y^T R y, first by the leading generalised eigenvector of kernel^T R kernel and kernel^T kernel, then by following the
    gradient with the sign smoothed; the better of the two stays, and R loses y y^T.

    Args:
        kernel: (l, p) kernel values of items with anchors, less their column means.
        pairs: (l, l) 1 for alike, -1 for unlike, 0 for not known.
        bits: length of a code.
        progress: called with bits done.

    Returns:
        (p, bits), each scaled to a mean square of 1 over the items.

    Raises:
        HashingError: if the kernel tells the items not apart.
    """
    count, width = kernel.shape
    gram = kernel.T @ kernel
    spread = float(np.trace(gram)) / width
    if not spread > 0:
        raise HashingError(f"cannot fit kslsh: all {count} items are alike to the kernel; choose another kernel")
    root = np.linalg.cholesky(gram + _RIDGE * spread * np.eye(width))
    residual = bits * pairs
    weights = np.empty((width, bits))
    for bit in range(bits):
        start = _leading(kernel, residual, root)
        refined = minimise(partial(smooth, kernel, residual), start, count)
        found = [(one, signs(kernel @ one)) for one in (start, refined)]
        # The smoothed sign is only a stand-in: what follows it may end worse than it began.
        weights[:, bit], bit_signs = max(found, key=partial(_gain, residual))
        residual = residual - np.outer(bit_signs, bit_signs)
        progress(bit + 1, bits, "bits of kslsh fitted")
    return weights


def smooth(kernel: Array, residual: Array, weights: Array) -> tuple[float, Array]:
    """- f^T R f and its gradient, where f = tanh(kernel weights / 2) stands for the signs.

    tanh, and not 2 / (1 + exp(-x)) - 1, which is the same and overflows.
    """
    soft = np.tanh(kernel @ weights / 2)
    pulled = residual @ soft
    return -float(soft @ pulled), -(kernel.T @ (pulled * (1 - soft**2)))


def signs(values: Array) -> Array:
    """1 where a value is above 0, else -1, as bits are."""
    return np.where(values > 0, 1.0, -1.0)


def _leading(kernel: Array, residual: Array, root: Array) -> Array:
    """The leading generalised eigenvector, scaled to a mean square of 1 over the items."""
    pulled = kernel.T @ residual @ kernel
    within = np.linalg.solve(root, np.linalg.solve(root, pulled).T)
    _, vectors = np.linalg.eigh((within + within.T) / 2)
    leading: Array = np.linalg.solve(root.T, vectors[:, -1])
    # Its sign is free; the largest entry decides it, so that every machine finds the same.
    leading *= np.sign(leading[np.abs(leading).argmax()])
    response = kernel @ leading
    scaled: Array = leading * np.sqrt(len(kernel) / (response @ response))
    return scaled


def _gain(residual: Array, found: tuple[Array, Array]) -> float:
    """y^T R y of weights and their signs y."""
    return float(found[1] @ residual @ found[1])
