"""Which chips ask: all that have an answer, or a sample of them that is spread over the classes."""

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.experiment import Experiment
from terrakin.evaluation.protocols.parts import hash_share
from terrakin.evaluation.scoring import relevant_counts

__all__ = ["Asking", "choose_queries"]

Rows = NDArray[np.int64]
Asking = tuple[Rows, int]
"""(Q,) rows of the queries, ascending; and how many chips have no relevant one and cannot ask."""


def choose_queries(experiment: Experiment, count: int | None, *, seed: int) -> Asking:
    """The queries of an experiment with one trial.

    Each class is put in the order of a hash of its chips' ids; then the classes give one query each, and again, until there are
    enough. Chips with several labels, or none, count as one class. Adding chips moves few others into or out of the sample.

    Args:
        experiment: chips, gallery and relevance.
        count: how many; all where None, or where there are fewer.
        seed: of the hash.

    Raises:
        EvaluationError: if no chip has a relevant one.
    """
    (trial,) = experiment.plan.trials
    answered = relevant_counts(trial, experiment.rule) > 0
    able = trial.queries[answered]
    if not len(able):
        raise EvaluationError(
            f"none of the {len(answered)} chips has a relevant one in the gallery, so there is nothing to measure; label more "
            f"chips, or choose another relevance rule"
        )
    if count is not None and count < len(able):
        able = np.array(sorted(_in_turn(experiment, able, seed)[:count]), dtype=np.int64)
    return able, int(np.count_nonzero(~answered))


def _in_turn(experiment: Experiment, rows: Rows, seed: int) -> list[int]:
    """Rows in the order in which they are taken."""
    labelled = experiment.labelled
    shares = {row: hash_share(labelled.ids[row], seed) for row in rows.tolist()}
    taken: dict[str, int] = {}
    turns: list[tuple[int, float, int]] = []
    for row in sorted(shares, key=lambda row: (shares[row], row)):
        labels = labelled.labels[row]
        group = labels[0] if len(labels) == 1 and not labelled.multi_label else ""
        taken[group] = taken.get(group, 0) + 1
        turns.append((taken[group], shares[row], row))
    return [row for _, _, row in sorted(turns)]
