"""Fitting of the hash function `mhcln`."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.hashing.mhcln import Mhcln
from terrakin.hashing.network_form import NetworkForm
from terrakin.training.hashing.network import trained
from terrakin.training.hashing.terms import balance_term, push_term, triplet_term
from terrakin.training.samplers.sampler import drawn

__all__ = ["fit", "triplets"]


def fit(options: Mhcln, vectors: NDArray[np.float32], classes: NDArray[np.int64], *, bits: int, seed: int) -> NetworkForm:
    """Fit to vectors (N, D) of classes (N,), each class of two vectors at least."""
    members = [np.flatnonzero(classes == label) for label in np.unique(classes)]

    def loss(network: nn.Module, rows: Tensor, step: int) -> Tensor:
        f = network(rows[triplets(members, options.triplets, drawn(seed, step))]).sigmoid()
        total = triplet_term(f, margin=options.margin, unit=options.unit)
        return total + options.push * push_term(f) + options.balance * balance_term(f, of=options.balanced)

    return trained(options, vectors, loss, bits=bits, seed=seed)


def triplets(members: list[NDArray[np.int64]], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows (3 count,) of a batch: anchors, positives and negatives, all anchors of one class and all negatives of another.

    Classes are drawn alike, however many members they have. An anchor is never its own positive; where a class is large enough,
    no row comes twice.
    """
    one, other = rng.choice(len(members), 2, replace=False)
    mine, theirs = rng.permutation(members[one]), members[other]
    if len(mine) >= 2 * count:
        anchors, positives = mine[:count], mine[count : 2 * count]
    else:
        places = rng.integers(len(mine), size=count)
        anchors, positives = mine[places], mine[(places + rng.integers(1, len(mine), size=count)) % len(mine)]
    negatives = rng.choice(theirs, count, replace=len(theirs) < count)
    return np.concatenate([anchors, positives, negatives])
