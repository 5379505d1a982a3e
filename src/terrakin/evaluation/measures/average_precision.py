"""Average precision: standard, cut off, and interpolated at 11 levels of recall."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from terrakin.errors import UnknownNameError
from terrakin.evaluation.measures.judged import Counts, Relevance, Values
from terrakin.evaluation.measures.measure import Family, Formula
from terrakin.evaluation.measures.positions import hit_positions
from terrakin.evaluation.ties import TieGroups

__all__ = [
    "AP11",
    "MAP",
    "average_precision",
    "average_precision_at",
    "expected_precision_sum",
    "interpolated_average_precision",
]

Over = Literal["relevant", "min", "found"]


def average_precision(relevance: Relevance, relevant: Counts) -> Values:
    """Standard average precision: AP = sum over i of rel(i) P@i, divided by R. No interpolation, no cutoff.

    Args:
        relevance: (Q, N) the full rankings, best-ranked chip first.
        relevant: (Q,) R, at least 1.

    Returns:
        (Q,) in (0, 1].

    >>> average_precision(np.array([[True, False, True]]), np.array([2]))
    array([0.83333333])
    """
    return _precision_sum(relevance) / relevant


def average_precision_at(relevance: Relevance, relevant: Counts, n: int, *, over: Over) -> Values:
    """Average precision of the first n positions, S(n) = sum over i <= n of rel(i) P@i, divided by one of three numbers.

    Args:
        relevance: (Q, K) best-ranked chip first.
        relevant: (Q,) R, at least 1.
        n: at least 1.
        over: `relevant`: R, a chip that is not found counts 0. `min`: min(R, n), so that 1 can be reached. `found`: h(n), the
            relevant chips that were found; 0 if there are none. It ignores the missing ones, so it says nothing about recall
            and can fall when a further chip is found; it exists to set figures beside published ones.

    Returns:
        (Q,) in [0, 1].

    >>> ranking, relevant = np.array([[True, False, True, True, False, False, False, True]]), np.array([4])
    >>> [float(average_precision_at(ranking, relevant, 3, over=over)[0].round(6)) for over in ("relevant", "min", "found")]
    [0.416667, 0.555556, 0.833333]
    """
    first = relevance[:, :n]
    sums = _precision_sum(first)
    if over == "relevant":
        return sums / relevant
    if over == "min":
        return sums / np.minimum(relevant, n)
    # Where nothing is found the sum is 0 as well, so any divisor gives 0.
    found: Counts = np.count_nonzero(first, axis=1)
    return sums / np.maximum(found, 1)


def expected_precision_sum(relevance: Relevance, groups: TieGroups, n: int) -> Values:
    """S(n) of average precision as a mean over all orders of tied chips, (Q,).

    A group of t chips, r of them relevant, behind m chips with s relevant ones, contributes at its position j
    (r / t) (s + 1 + (j - 1) (r - 1) / (t - 1)) / (m + j), where the inner fraction is 0 for t = 1.
    """
    size, before = groups.size, groups.before
    relevant = groups.sums(relevance)
    position = np.arange(1, relevance.shape[1] + 1)
    in_front = np.cumsum(relevance, axis=1)
    ahead = np.take_along_axis(in_front, np.maximum(before - 1, 0), axis=1) * (before > 0)
    others = (position - before - 1) * (relevant - 1) / np.maximum(size - 1, 1)
    # A group without relevant chips contributes nothing, and r - 1 = -1 must not count.
    contributions = relevant / size * (ahead + 1 + others) / position
    sums: Values = np.sum(contributions[:, :n], axis=1)
    return sums


def interpolated_average_precision(relevance: Relevance, relevant: Counts) -> Values:
    """Mean over recall levels 0, 0.1, ..., 1 of the largest P@i at any position i where Recall@i reaches the level.

    Args:
        relevance: (Q, N) the full rankings, best-ranked chip first.
        relevant: (Q,) R, at least 1.

    Returns:
        (Q,) in (0, 1].
    """
    positions = hit_positions(relevance)
    # Between two hits precision only falls, so the largest is at a hit; from the right, the largest that follows.
    precisions = np.arange(1, positions.shape[1] + 1) / positions
    largest = np.maximum.accumulate(precisions[:, ::-1], axis=1)[:, ::-1]
    # 3 / 10 and 0.3 may differ in the last bit, hence the tolerance.
    needed = np.ceil(np.linspace(0, 1, 11) * relevant[:, None] - 1e-9 * relevant[:, None]).astype(np.int64)
    values: Values = np.mean(np.take_along_axis(largest, np.maximum(needed, 1) - 1, axis=1), axis=1)
    return values


def _precision_sum(relevance: Relevance) -> Values:
    positions = hit_positions(relevance)
    # Summed one after the other: a pairwise sum would depend on how many hits other queries of the block have.
    sums: Values = np.cumsum(np.arange(1, positions.shape[1] + 1) / positions, axis=1)[:, -1]
    return sums


def _map(n: int, chosen: Sequence[str | None]) -> Formula:
    over = chosen[0]
    if (n == 0) != (over is None):
        raise UnknownNameError(
            "average precision is written map (standard, full ranking), or with a cutoff and what it divides by: "
            "map@10:relevant, map@10:min, map@10:found"
        )
    if over is None:
        return Formula(
            "standard average precision over the full ranking, divided by R",
            lambda judged: average_precision(judged.relevance, judged.relevant),
            lambda judged, groups: expected_precision_sum(judged.relevance, groups, judged.known) / judged.relevant,
            needs_full=True,
        )
    if over == "found":
        return Formula(
            "average precision of the first n, divided by the relevant chips found there; ignores the missing ones",
            lambda judged: average_precision_at(judged.relevance, judged.relevant, n, over="found"),
        )
    if over == "min":
        return Formula(
            "average precision of the first n, divided by min(R, n)",
            lambda judged: average_precision_at(judged.relevance, judged.relevant, n, over="min"),
            lambda judged, groups: expected_precision_sum(judged.relevance, groups, n) / np.minimum(judged.relevant, n),
        )
    return Formula(
        "average precision of the first n, divided by R",
        lambda judged: average_precision_at(judged.relevance, judged.relevant, n, over="relevant"),
        lambda judged, groups: expected_precision_sum(judged.relevance, groups, n) / judged.relevant,
    )


def _ap11(n: int, chosen: Sequence[str | None]) -> Formula:
    return Formula(
        "largest precision at or beyond each of the recall levels 0, 0.1, ..., 1, averaged",
        lambda judged: interpolated_average_precision(judged.relevance, judged.relevant),
        needs_full=True,
    )


MAP = Family(
    "map, map@n:relevant, map@n:min or map@n:found",
    "mean average precision; with a cutoff, the word says what it divides by",
    "allowed",
    (("relevant", "min", "found"),),
    _map,
)
"""Mean average precision."""
AP11 = Family("ap11", "average precision interpolated at 11 levels of recall", "refused", (), _ap11)
"""11-point average precision."""
