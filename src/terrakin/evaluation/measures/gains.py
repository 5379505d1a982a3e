"""Graded measures: how much relevance the first positions gather."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from terrakin.evaluation.measures.judged import Contributions, Counts, Judged, Values
from terrakin.evaluation.measures.measure import Family, Formula, linear

__all__ = ["ACG", "NDCG", "WAP", "average_cumulative_gain", "gains", "ndcg", "weighted_average_precision"]

Gain = Literal["shared", "jaccard", "binary"]
Growth = Literal["exp", "linear"]


def ndcg(worth: Values, n: int, *, ideal: Values | None = None) -> Values:
    """nDCG@n = DCG@n / IDCG@n, with DCG@n = sum over i <= n of worth(i) / log2(i + 1).

    IDCG is the DCG of the whole gallery sorted by decreasing worth, not of the returned list only.

    Args:
        worth: (Q, N) G(gain) of each position, at least 0, the full rankings.
        n: at least 1.
        ideal: (Q, N) worths that the ideal order is made of, in any order; `worth` itself where not given.

    Returns:
        (Q,) in [0, 1]; NaN where no chip of the gallery is worth anything.
    """
    positions = min(n, worth.shape[1])
    discount = 1 / np.log2(np.arange(2, positions + 2))
    gallery = worth if ideal is None else ideal
    top = -np.sort(np.partition(-gallery, positions - 1, axis=1)[:, :positions], axis=1)
    best = np.sum(top * discount, axis=1)
    reached = np.sum(worth[:, :positions] * discount, axis=1)
    values: Values = np.divide(reached, best, out=np.full(len(worth), np.nan), where=best > 0)
    return values


def gains(judged: Judged, gain: Gain, growth: Growth) -> Values:
    """(Q, K) worth of each position: shared labels, shared / union of labels, or 1 for relevant; as g, or as 2^g - 1."""
    if gain == "binary":
        graded = judged.relevance.astype(np.float64)
    else:
        shared = judged.overlap.shared.astype(np.float64)
        graded = shared if gain == "shared" else shared / judged.overlap.unions
    return np.exp2(graded) - 1 if growth == "exp" else graded


def average_cumulative_gain(shared: Contributions, n: int) -> Values:
    """ACG@n, the mean number of shared labels over the first n (over those that exist, if fewer), (Q,) at least 0."""
    means: Values = np.mean(shared[:, :n], axis=1, dtype=np.float64)
    return means


def weighted_average_precision(shared: Counts, n: int) -> Values:
    """WAP@n, the mean of ACG@i over the positions i <= n that share a label, (Q,) at least 0; 0 if there is none."""
    first = shared[:, :n]
    cumulative = np.cumsum(first, axis=1) / np.arange(1, first.shape[1] + 1)
    counted = first > 0
    numbers: Counts = np.count_nonzero(counted, axis=1)
    sums: Values = np.sum(cumulative, axis=1, where=counted)
    return sums / np.maximum(numbers, 1)


def _ndcg(n: int, chosen: Sequence[str | None]) -> Formula:
    gain: Gain = next((word for word in ("jaccard", "binary") if word == chosen[0]), "shared")
    growth: Growth = next((word for word in ("exp", "linear") if word == chosen[1]), "exp" if gain == "shared" else "linear")
    return Formula(
        f"gain: {gain}, {'2^g - 1' if growth == 'exp' else 'g'}; ideal order of the whole gallery",
        lambda judged: ndcg(gains(judged, gain, growth), n),
        lambda judged, groups: ndcg(groups.means(gains(judged, gain, growth)), n, ideal=gains(judged, gain, growth)),
        needs_full=True,
        reads_labels=gain != "binary",
    )


def _acg(n: int, chosen: Sequence[str | None]) -> Formula:
    return linear(
        "mean number of shared labels; not a fraction",
        at_positions=lambda judged: judged.overlap.shared,
        total=lambda values, judged: average_cumulative_gain(values, n),
        reads_labels=True,
    )


def _wap(n: int, chosen: Sequence[str | None]) -> Formula:
    return Formula(
        "mean of ACG@i over the positions that share a label; not a fraction",
        lambda judged: weighted_average_precision(judged.overlap.shared, n),
        reads_labels=True,
    )


NDCG = Family(
    "ndcg@n, with :shared, :jaccard or :binary and :exp or :linear",
    "discounted gain of the first n as a share of the best there is",
    "required",
    (("shared", "jaccard", "binary"), ("exp", "linear")),
    _ndcg,
)
"""Normalised discounted cumulative gain."""
ACG = Family("acg@n", "mean number of labels shared with the first n", "required", (), _acg, best=math.inf)
"""Average cumulative gain."""
WAP = Family("wap@n", "average precision weighted by shared labels", "required", (), _wap, best=math.inf)
"""Weighted average precision."""
