"""Ties: groups of chips at equal distance, and the orders that a tie rule puts them in.

Distances are equal only where they are bitwise equal; they are never rounded to make ties.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError

__all__ = ["TieGroups", "TieRule", "best_order", "parse_ties", "sampled_order", "tie_groups", "worst_order"]

SAMPLES = 20
"""Orders that `sample` draws where no number is given."""

_RULES = ("id", "expected", "best", "worst", "sample")


@dataclass(frozen=True, slots=True)
class TieRule:
    """What is done about ties."""

    kind: str
    """`id`: by id; `expected`: mean over all orders; `best`, `worst`: relevant first, last; `sample`: mean over some orders."""
    samples: int = 1
    """Orders that are drawn."""


def parse_ties(text: str) -> TieRule:
    """A tie rule from its name; `sample:50` draws 50 orders.

    Raises:
        EvaluationError: if there is no such rule.

    >>> parse_ties("sample:50")
    TieRule(kind='sample', samples=50)
    """
    kind, colon, samples = text.partition(":")
    if kind not in _RULES or (colon and (kind != "sample" or not samples.isdecimal() or int(samples) < 1)):
        raise EvaluationError(f"there is no tie rule {text!r}; choose {', '.join(_RULES)} or sample:NUMBER")
    return TieRule(kind, (int(samples) if samples else SAMPLES) if kind == "sample" else 1)


@dataclass(frozen=True, slots=True, eq=False)
class TieGroups:
    """The tie groups of full rankings, as arrays over positions."""

    index: NDArray[np.int64]
    """(Q, N) number of the group of each position, from 0 in each ranking."""
    size: NDArray[np.int64]
    """(Q, N) chips in that group."""
    before: NDArray[np.int64]
    """(Q, N) chips in front of that group."""
    starts: NDArray[np.int64]
    """(T,) first positions of all T groups, counted through the rankings one after the other."""

    def sums(self, values: NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """(Q, N) sum of `values` (Q, N) over the group of each position."""
        sums: NDArray[np.float64] = np.add.reduceat(values.ravel(), self.starts, dtype=np.float64)
        return np.repeat(sums, self.size.ravel()[self.starts]).reshape(self.size.shape)

    def means(self, values: NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """(Q, N) mean of `values` (Q, N) over the group of each position."""
        return self.sums(values) / self.size


def tie_groups(distances: NDArray[np.floating]) -> TieGroups:
    """The tie groups of distances in rank order.

    Args:
        distances: (Q, N), ascending in each row, N at least 1; infinite distances tie with each other.

    >>> tie_groups(np.array([[0.0, 1.0, 1.0, 2.0]])).size
    array([[1, 2, 2, 1]])
    """
    queries, positions = distances.shape
    first = np.ones(distances.shape, dtype=bool)
    first[:, 1:] = distances[:, 1:] != distances[:, :-1]
    starts = np.flatnonzero(first)
    lengths = np.diff(starts, append=queries * positions)
    size, before = np.repeat(lengths, lengths), np.repeat(starts % positions, lengths)
    return TieGroups(np.cumsum(first, axis=1) - 1, size.reshape(distances.shape), before.reshape(distances.shape), starts)


def best_order(groups: TieGroups, relevance: NDArray[np.bool_], shared: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """(Q, N) positions with relevant chips first in each group, then those that share more labels, then by id."""
    shared = np.zeros_like(groups.index) if shared is None else shared
    return np.lexsort((-shared, ~relevance, groups.index))


def worst_order(groups: TieGroups, relevance: NDArray[np.bool_], shared: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """(Q, N) positions with relevant chips last in each group, then those that share more labels, then by id."""
    shared = np.zeros_like(groups.index) if shared is None else shared
    return np.lexsort((shared, relevance, groups.index))


def sampled_order(groups: TieGroups, seeds: NDArray[np.int64]) -> NDArray[np.int64]:
    """(Q, N) positions in an order drawn at random inside each group.

    Args:
        groups: of the rankings.
        seeds: (Q, S) what each ranking's draw depends on: nothing else does, so that blocks of any size draw alike.
    """
    keys = np.stack([np.random.default_rng(seed).random(groups.index.shape[1]) for seed in seeds])
    return np.lexsort((keys, groups.index))
