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
"""Means over the queries: `map`, and `p@10`."""

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
    embeddings: NDArray[np.float32], labels: NDArray[np.int64], queries: NDArray[np.bool_] | None = None
) -> Retrieval:
    """Leave-one-out retrieval by cosine: each query against all others, relevant is the same class.

    Args:
        embeddings: (N, D).
        labels: (N,) class numbers.
        queries: (N,) which of them ask; all where not given. Those alone in their class ask nothing.

    >>> corners = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], dtype=np.float32)
    >>> retrieval(corners, np.array([0, 0, 1, 1]))
    {'map': 1.0, 'p@10': 0.1}
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    counts = np.bincount(labels)[labels] - 1
    asking = np.flatnonzero((counts > 0) & (True if queries is None else queries))
    precisions, hits = [], []
    # In blocks: the similarities of all to all would not fit where a class has tens of thousands.
    for start in range(0, len(asking), 512):
        rows = asking[start : start + 512]
        distances = 1 - unit[rows] @ unit.T
        distances[np.arange(len(rows)), rows] = np.inf
        order = np.argsort(distances, axis=1, kind="stable")[:, :-1]
        relevance = labels[order] == labels[rows, np.newaxis]
        precisions.append(average_precision(relevance, counts[rows]))
        hits.append(relevance[:, :10].sum(axis=1) / 10)
    if not len(asking):
        return {}
    return {"map": float(np.concatenate(precisions).mean()), "p@10": float(np.concatenate(hits).mean())}
