"""Fitting of the hash function `mhcln`."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.hashing.mhcln import Mhcln
from terrakin.hashing.network_form import NetworkForm
from terrakin.progress import Progress, silent
from terrakin.training.hashing.network import trained
from terrakin.training.hashing.terms import balance_term, push_term, triplet_term
from terrakin.training.samplers.sampler import drawn

__all__ = ["fit", "triplets"]


def fit(
    options: Mhcln,
    vectors: NDArray[np.float32],
    classes: NDArray[np.int64],
    *,
    bits: int,
    seed: int,
    progress: Progress = silent,
) -> NetworkForm:
    """Fit to vectors (N, D) of classes (N,), each class of two vectors at least."""
    members = [np.flatnonzero(classes == label) for label in np.unique(classes)]

    def loss(network: nn.Module, rows: Tensor, step: int) -> Tensor:
        batch = triplets(members, options.triplets, drawn(seed, step), pairs=options.pairs)
        f = network(rows[batch]).sigmoid()
        total = triplet_term(f, margin=options.margin, unit=options.unit)
        return total + options.push * push_term(f) + options.balance * balance_term(f, of=options.balanced)

    return trained(options, vectors, loss, bits=bits, seed=seed, progress=progress)


def triplets(members: list[NDArray[np.int64]], count: int, rng: np.random.Generator, *, pairs: int = 1) -> NDArray[np.int64]:
    """Rows (3 count,) of a batch: anchors, then their positives, then their negatives.

    Each pair of classes has its share: anchors and positives of one, negatives of the other. Classes are drawn alike, however
    many members they have. An anchor is never its own positive; where a class is large enough, a pair has no row twice.
    """
    parts = [_of_pair(members, count // pairs, rng) for _ in range(pairs)]
    return np.concatenate(parts, axis=1).ravel()


def _of_pair(members: list[NDArray[np.int64]], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Anchors, positives and negatives (3, count) of one pair of classes."""
    one, other = rng.choice(len(members), 2, replace=False)
    mine, theirs = rng.permutation(members[one]), members[other]
    if len(mine) >= 2 * count:
        anchors, positives = mine[:count], mine[count : 2 * count]
    else:
        places = rng.integers(len(mine), size=count)
        anchors, positives = mine[places], mine[(places + rng.integers(1, len(mine), size=count)) % len(mine)]
    negatives = rng.choice(theirs, count, replace=len(theirs) < count)
    return np.stack([anchors, positives, negatives])
