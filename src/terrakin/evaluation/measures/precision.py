"""Measures that count hits in the first positions: precision, recall, hit rate, R-precision, reciprocal rank."""

import math
from collections.abc import Sequence

import numpy as np

from terrakin.evaluation.measures.judged import Contributions, Counts, Relevance, Values
from terrakin.evaluation.measures.measure import Family, Formula, linear
from terrakin.evaluation.ties import TieGroups

__all__ = [
    "HITRATE",
    "MRR",
    "NP",
    "RECALL",
    "R_PRECISION",
    "P",
    "expected_hit_rate",
    "hit_rate",
    "normalised_precision",
    "precision",
    "precision_ceiling",
    "r_precision",
    "recall",
    "reciprocal_rank",
]


def precision(relevance: Contributions, k: int) -> Values:
    """P@k = h(k) / k. Always divides by k: positions that do not exist count as not relevant.

    Args:
        relevance: (Q, K) best-ranked chip first; fractions are shares of relevant chips among tied ones.
        k: at least 1.

    Returns:
        (Q,) in [0, 1].

    >>> precision(np.array([[True, False, True, True, False]]), 5)
    array([0.6])
    """
    return _hits(relevance, k) / k


def precision_ceiling(relevant: Counts, k: int) -> Values:
    """The largest P@k that a ranking can reach: min(R, k) / k, (Q,)."""
    ceiling: Values = np.minimum(relevant, k) / k
    return ceiling


def normalised_precision(relevance: Contributions, relevant: Counts, k: int) -> Values:
    """nP@k = h(k) / min(R, k), (Q,) in [0, 1]: 1 is reached at every k."""
    return _hits(relevance, k) / np.minimum(relevant, k)


def recall(relevance: Contributions, relevant: Counts, k: int) -> Values:
    """Recall@k = h(k) / R, (Q,) in [0, 1]."""
    return _hits(relevance, k) / relevant


def hit_rate(relevance: Relevance, n: int) -> Values:
    """HitRate@n, (Q,): 1 where a relevant chip is among the first n, else 0. Some papers print it as Recall@n."""
    found: Values = np.any(relevance[:, :n], axis=1).astype(np.float64)
    return found


def expected_hit_rate(relevance: Relevance, groups: TieGroups, n: int) -> Values:
    """HitRate@n as a mean over all orders of tied chips, (Q,).

    1 where a relevant chip stands before the group of position n; else 1 - C(t - r, n - m) / C(t, n - m), with t chips in
    the group, r of them relevant, and m in front of it.
    """
    last = min(n, relevance.shape[1]) - 1
    size, before = groups.size[:, last], groups.before[:, last]
    relevant = groups.sums(relevance)[:, last].astype(np.int64)
    return np.array(
        [
            1.0 if hits[:m].any() else 1 - math.comb(t - r, last + 1 - m) / math.comb(t, last + 1 - m)
            for hits, t, r, m in zip(relevance, size.tolist(), relevant.tolist(), before.tolist(), strict=True)
        ]
    )


def r_precision(relevance: Contributions, relevant: Counts) -> Values:
    """P@R of each query with its own R, (Q,) in [0, 1]."""
    within = np.arange(relevance.shape[1]) < relevant[:, None]
    hits: Values = np.sum(relevance, axis=1, where=within, dtype=np.float64)
    return hits / relevant


def reciprocal_rank(relevance: Relevance) -> Values:
    """1 / position of the first relevant chip, (Q,) in (0, 1]."""
    first: Counts = np.argmax(relevance, axis=1)
    return 1 / (first + 1)


def _hits(relevance: Contributions, k: int) -> Values:
    if k < 1:
        raise ValueError(f"a cutoff is at least 1, got {k}")
    hits: Values = np.sum(relevance[:, :k], axis=1, dtype=np.float64)
    return hits


def _precision(k: int, chosen: Sequence[str | None]) -> Formula:
    return linear(
        "h(k) / k, missing positions count as not relevant",
        at_positions=lambda judged: judged.relevance,
        total=lambda values, judged: precision(values, k),
    )


def _normalised_precision(k: int, chosen: Sequence[str | None]) -> Formula:
    return linear(
        "h(k) / min(R, k)",
        at_positions=lambda judged: judged.relevance,
        total=lambda values, judged: normalised_precision(values, judged.relevant, k),
    )


def _recall(k: int, chosen: Sequence[str | None]) -> Formula:
    return linear(
        "h(k) / R, with R the relevant chips of the gallery",
        at_positions=lambda judged: judged.relevance,
        total=lambda values, judged: recall(values, judged.relevant, k),
    )


def _hit_rate(n: int, chosen: Sequence[str | None]) -> Formula:
    return Formula(
        "1 if a relevant chip is among the first n, else 0",
        lambda judged: hit_rate(judged.relevance, n),
        lambda judged, groups: expected_hit_rate(judged.relevance, groups, n),
    )


def _r_precision(n: int, chosen: Sequence[str | None]) -> Formula:
    return linear(
        "P@R with the R of each query",
        at_positions=lambda judged: judged.relevance,
        total=lambda values, judged: r_precision(values, judged.relevant),
        needs_full=True,
    )


def _reciprocal_rank(n: int, chosen: Sequence[str | None]) -> Formula:
    return Formula("1 / position of the first relevant chip", lambda judged: reciprocal_rank(judged.relevance), needs_full=True)


P = Family("p@k", "share of relevant chips among the first k", "required", (), _precision)
"""Precision at k."""
NP = Family("np@k", "precision at k as a share of what the gallery allows", "required", (), _normalised_precision)
"""Normalised precision at k."""
RECALL = Family("recall@k", "share of all relevant chips that are among the first k", "required", (), _recall)
"""Recall at k."""
HITRATE = Family("hitrate@n", "share of queries with a relevant chip among the first n", "required", (), _hit_rate)
"""Hit rate at n."""
R_PRECISION = Family("r-precision", "precision at R, the number of relevant chips", "refused", (), _r_precision)
"""R-precision."""
MRR = Family("mrr", "mean reciprocal rank of the first relevant chip", "refused", (), _reciprocal_rank)
"""Mean reciprocal rank."""
