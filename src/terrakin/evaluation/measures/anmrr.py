"""Average normalised modified retrieval rank of MPEG-7: 0 is best, 1 is worst."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from terrakin.errors import EvaluationError
from terrakin.evaluation.measures.judged import Counts, Judged, Relevance, Values
from terrakin.evaluation.measures.measure import Family, Formula
from terrakin.evaluation.measures.positions import hit_positions

__all__ = ["ANMRR", "nmrr", "rank_limit"]

KRule = Literal["mpeg7", "2ng"]


def nmrr(relevance: Relevance, relevant: Counts, limit: Counts) -> Values:
    """Normalised modified retrieval rank of each query.

    A relevant chip at position `pos` has rank pos, or 1.25 K beyond the limit K. With AVR the mean rank of the NG relevant
    chips, NMRR = (AVR - 0.5 (1 + NG)) / (1.25 K - 0.5 (1 + NG)).

    Args:
        relevance: (Q, K or more) best-ranked chip first.
        relevant: (Q,) NG, at least 1.
        limit: (Q,) K, see `rank_limit`.

    Returns:
        (Q,) in [0, 1]; 0 is best.

    >>> nmrr(np.array([[True, False, True, True, False, False, False, True]]), np.array([4]), np.array([8]))
    array([0.2])
    """
    positions = hit_positions(relevance)
    worst = 1.25 * limit[:, None]
    ranks = np.where(positions <= limit[:, None], positions, worst)
    # A row of `positions` is as long as the most hits of any query; chips that were not found have the worst rank.
    own = np.arange(positions.shape[1]) < relevant[:, None]
    missing = np.maximum(relevant - positions.shape[1], 0)
    average = (np.sum(ranks, axis=1, where=own) + missing * worst[:, 0]) / relevant
    best = 0.5 * (1 + relevant)
    values: Values = (average - best) / (worst[:, 0] - best)
    return values


def rank_limit(relevant: Counts, largest_relevant: int, *, rule: KRule) -> Counts:
    """K, the position behind which ranks are all alike, (Q,).

    Args:
        relevant: (Q,) NG.
        largest_relevant: GTM, the largest NG over all queries of the evaluation, not of a class or a batch.
        rule: `mpeg7`: min(4 NG, 2 GTM); `2ng`: 2 NG, as many papers of the field write it. They agree where all NG are equal.
    """
    return 2 * relevant if rule == "2ng" else np.minimum(4 * relevant, 2 * largest_relevant)


def _nmrr(judged: Judged, rule: KRule) -> Values:
    limit = rank_limit(judged.relevant, judged.largest_relevant, rule=rule)
    if judged.known < min(int(limit.max(initial=0)), judged.gallery):
        raise EvaluationError(
            f"anmrr needs the first {limit.max()} positions, but only {judged.known} of {judged.gallery} are known; "
            f"rank the whole gallery"
        )
    return nmrr(judged.relevance, judged.relevant, limit)


def _anmrr(n: int, chosen: Sequence[str | None]) -> Formula:
    if chosen[0] == "2ng":
        return Formula("K = 2 NG for every query; 0 is best", lambda judged: _nmrr(judged, "2ng"))
    return Formula("K = min(4 NG, 2 GTM) as in MPEG-7; 0 is best", lambda judged: _nmrr(judged, "mpeg7"))


ANMRR = Family(
    "anmrr or anmrr:2ng",
    "normalised rank of the relevant chips; 0 is best, 1 is worst",
    "refused",
    (("mpeg7", "2ng"),),
    _anmrr,
    best=0.0,
)
"""Average normalised modified retrieval rank."""
