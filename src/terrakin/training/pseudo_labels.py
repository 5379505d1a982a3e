"""Pseudo-labels: the classes of which a network is sure, of images that have no label."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.training.images import Images
from terrakin.training.joined import Joined

__all__ = ["PseudoLabels", "choose", "with_pseudo_labels"]


@dataclass(frozen=True, slots=True, eq=False)
class PseudoLabels:
    """Images of a pool, each with a class."""

    rows: NDArray[np.int64]
    """(n,) rows of the pool, ascending."""
    labels: NDArray[np.int64]
    """(n,) positions in the classes of the labelled images."""


def choose(logits: NDArray[np.float32], threshold: float, *, never: Sequence[int] = ()) -> PseudoLabels:
    """The images whose largest class probability is above a threshold, and that class; of equal ones the first.

    Args:
        logits: (N, classes) of the images; probabilities are their softmax.
        threshold: from 0 to below 1; a probability that equals it is not above.
        never: positions of classes that count as if they were not there: nothing that a network never saw is a guess of it.

    >>> choose(np.array([[0, 3], [1, 1.1], [5, 0]], np.float32), 0.85).labels
    array([1, 0])
    """
    values = logits.astype(np.float64)
    values[:, list(never)] = -np.inf
    values -= values.max(axis=1, keepdims=True)
    probabilities = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    rows = np.flatnonzero(probabilities.max(axis=1) > threshold)
    return PseudoLabels(rows, values[rows].argmax(axis=1))


def with_pseudo_labels(images: Images, pool: Images, chosen: PseudoLabels) -> Images:
    """Labelled images and after them those of the pool that were chosen; no pixel is copied.

    Raises:
        ValueError: if images of the two differ in size or bands.
    """
    if pool.bands != images.bands:
        raise ValueError(f"the pool has {', '.join(pool.bands)}, the labelled images {', '.join(images.bands)}")
    facts = [images.digest, pool.digest, chosen.rows.tolist(), chosen.labels.tolist()]
    return Images(
        # A pool may hold images of the same names.
        ids=(*images.ids, *(f"pool:{pool.ids[row]}" for row in chosen.rows)),
        pixels=Joined(images.pixels, pool.pixels, chosen.rows),
        labels=np.concatenate([images.labels, chosen.labels]),
        classes=images.classes,
        bands=images.bands,
        digest=hashlib.blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest(),
        guessed=len(chosen.rows),
    )
