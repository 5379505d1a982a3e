"""Rankings: the gallery in order of distance for each query, in blocks that fit in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.trial import Trial
from terrakin.spaces.kinds import distances

__all__ = ["RankedBlock", "rank"]

BLOCK = 1 << 21
"""Query-chip pairs that are ranked at once: about 50 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class RankedBlock:
    """Full rankings of some queries."""

    queries: NDArray[np.int64]
    """(Q,) rows of the queries."""
    places: NDArray[np.int64]
    """(Q, N) places in `Trial.gallery`, nearest first, ties by place, which is by id."""
    distances: NDArray[np.float32]
    """(Q, N) their distances, ascending."""


def rank(
    trial: Trial, ids: Sequence[str], *, queries: NDArray[np.int64] | None = None, block: int = BLOCK
) -> Iterator[RankedBlock]:
    """Rank the gallery for each query; a query that is in the gallery is left out of its own ranking.

    Args:
        trial: queries, gallery and vectors.
        ids: of all chips, for messages.
        queries: rows of the only queries to rank; all of the trial's where not given.
        block: pairs to hold at once. Results do not depend on it.

    Raises:
        EvaluationError: if a distance is not a number, naming the two chips. Infinite distances rank last.
    """
    asked = trial.queries if queries is None else queries
    step = max(1, block // len(trial.gallery))
    for start in range(0, len(asked), step):
        yield _rank_block(trial, ids, asked[start : start + step])


def _rank_block(trial: Trial, ids: Sequence[str], queries: NDArray[np.int64]) -> RankedBlock:
    apart = distances(trial.space, trial.asking(queries), trial.vectors[trial.gallery])
    if trial.probabilities is not None:
        apart = apart * _weights(trial.probabilities[queries], trial.probabilities[trial.gallery])
    if np.isnan(apart).any():
        query, chip = np.argwhere(np.isnan(apart))[0]
        raise EvaluationError(
            f"the distance of {ids[queries[query]]!r} and {ids[trial.gallery[chip]]!r} is not a number; "
            f"index these chips again or leave them out"
        )
    # The gallery is in the order of ids and the sort is stable, so ties are by id.
    order = np.argsort(apart, axis=1, kind="stable")
    if trial.leaves_one_out:
        order = order[trial.gallery[order] != queries[:, None]].reshape(len(queries), trial.ranked)
    return RankedBlock(queries, order, np.take_along_axis(apart, order, axis=1))


def _weights(queries: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1 - p_q[c_r]) (1 - p_r[c_q]) for softmax (Q, C) and (G, C), with c the predicted class; (Q, G)."""
    of_query, of_gallery = np.argmax(queries, axis=1), np.argmax(gallery, axis=1)
    return (1 - queries[:, of_gallery]) * (1 - gallery[:, of_query].T)
