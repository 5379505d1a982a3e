"""How well the embeddings of images retrieve their own classes, while training goes on."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from terrakin.evaluation.measures.average_precision import average_precision
from terrakin.training.augment import Augmentation, augment
from terrakin.training.images import Images

__all__ = ["Retrieval", "embed", "retrieval"]

Retrieval = dict[str, float]
"""Means over the queries: `map`, `p@10`, and `label-recall@10` where images have sets of labels."""

Forward = Callable[[torch.Tensor], torch.Tensor]
"""Images (N, C, H, W) in [0, 1] to embeddings (N, D)."""


def embed(forward: Forward, images: Images, rows: NDArray[np.int64], *, size: int, batch: int = 8) -> NDArray[np.float32]:
    """Embeddings (n, D) of the images of `rows`, resized to `size`, not augmented."""
    plain, rng = Augmentation(), np.random.default_rng(0)
    parts = []
    with torch.no_grad():
        for start in range(0, len(rows), batch):
            pixels = augment(images.pixels[rows[start : start + batch]], size, plain, rng)
            parts.append(forward(pixels).float().cpu().numpy())
    return np.concatenate(parts)


def retrieval(
    embeddings: NDArray[np.float32],
    labels: NDArray[np.int64] | NDArray[np.bool_],
    queries: NDArray[np.bool_] | None = None,
) -> Retrieval:
    """Leave-one-out retrieval by cosine: each query against all others, relevant is the same class, or a label in common.

    Args:
        embeddings: (N, D).
        labels: (N,) class numbers, or (N, classes) bool, sets of labels.
        queries: (N,) which of them ask; all where not given. Those for which nothing is relevant ask nothing.

    >>> corners = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], dtype=np.float32)
    >>> retrieval(corners, np.array([0, 0, 1, 1]))
    {'map': 1.0, 'p@10': 0.1}
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    asking = np.arange(len(unit)) if queries is None else np.flatnonzero(queries)
    shared = _shared(labels)
    found: dict[str, list[NDArray[np.float64]]] = {}
    # In blocks: the similarities of all to all would not fit where a class has tens of thousands.
    for start in range(0, len(asking), 512):
        rows = asking[start : start + 512]
        common = shared(rows)
        counts = (common > 0).sum(axis=1) - 1
        rows, common, counts = rows[counts > 0], common[counts > 0], counts[counts > 0]
        distances = 1 - unit[rows] @ unit.T
        distances[np.arange(len(rows)), rows] = np.inf
        order = np.argsort(distances, axis=1, kind="stable")[:, :-1]
        ranked = np.take_along_axis(common, order, axis=1)
        figures = {"map": average_precision(ranked > 0, counts), "p@10": (ranked[:, :10] > 0).sum(axis=1) / 10}
        if labels.ndim == 2:
            figures["label-recall@10"] = ranked[:, :10].mean(axis=1) / labels[rows].sum(axis=1)
        for name, values in figures.items():
            found.setdefault(name, []).append(values)
    means = {name: np.concatenate(values) for name, values in found.items()}
    return {name: float(values.mean()) for name, values in means.items() if len(values)}


def _shared(labels: NDArray[np.int64] | NDArray[np.bool_]) -> Callable[[NDArray[np.int64]], NDArray[np.float32]]:
    """From rows (n,) to the labels that they share with every image, (n, N); an image shares all of its own with itself."""
    if labels.ndim == 1:
        return lambda rows: (labels[rows, np.newaxis] == labels).astype(np.float32)
    sets = labels.astype(np.float32)
    return lambda rows: sets[rows] @ sets.T
