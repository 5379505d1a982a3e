"""An experiment: a protocol applied to given chips, ready to be conducted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from terrakin.evaluation.labelled import Labelled, in_id_order
from terrakin.evaluation.protocols.known import protocol as protocol_named
from terrakin.evaluation.protocols.plan import Plan
from terrakin.evaluation.rankings import rank
from terrakin.evaluation.relevance import Rule, relevance_rule

__all__ = ["Experiment", "RankedQuery", "prepare", "ranked_queries"]


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """Chips, what is asked of them, and what is relevant."""

    labelled: Labelled
    """The chips, in the order of ids."""
    protocol: str
    """Name of the protocol, with its options."""
    plan: Plan
    """Queries, galleries, measures and facts."""
    relevance: str
    """Name of the relevance rule."""
    rule: Rule
    """The relevance rule."""


@dataclass(frozen=True, slots=True, eq=False)
class RankedQuery:
    """The whole gallery in order of distance from one query, as run and relevance files want it."""

    trial: int
    """Number of the trial, from 0; protocols that draw queries more than once have several."""
    id: str
    """The query chip's id."""
    ids: list[str]
    """N ids of the gallery, nearest first, ties by id; the query is not among them."""
    distances: NDArray[np.float32]
    """(N,) ascending."""
    relevance: NDArray[np.bool_]
    """(N,) True where the chip is relevant."""


def prepare(
    labelled: Labelled, *, protocol: str = "loo", relevance: str | None = None, seed: int = 0, include_self: bool = False
) -> Experiment:
    """Apply a protocol to chips.

    Args:
        labelled: chips in any order.
        protocol: name, with options after colons.
        relevance: name of a rule; the protocol's own where not given.
        seed: of whatever the protocol draws.
        include_self: leave queries in their own rankings; only to reproduce figures of others who did.

    Raises:
        UnknownNameError: if there is no such protocol.
        EvaluationError: if the chips lack what the protocol or the rule needs, naming it.
    """
    labelled = in_id_order(labelled)
    plan = protocol_named(protocol).plan(labelled, seed=seed)
    if include_self:
        plan = replace(plan, trials=tuple(replace(trial, include_self=True) for trial in plan.trials))
    name = relevance or plan.relevance
    return Experiment(labelled, protocol, plan, name, relevance_rule(name, labelled))


def ranked_queries(experiment: Experiment) -> Iterator[RankedQuery]:
    """Full rankings of all queries of an experiment, one after the other, for export.

    Raises:
        EvaluationError: if a distance is not a number.
    """
    ids = np.array(experiment.labelled.ids, dtype=object)
    for number, trial in enumerate(experiment.plan.trials):
        for block in rank(trial, experiment.labelled.ids):
            relevance = np.take_along_axis(experiment.rule(block.queries, trial.gallery), block.places, axis=1)
            for query, places, apart, flags in zip(block.queries, block.places, block.distances, relevance, strict=True):
                yield RankedQuery(number, ids[query], ids[trial.gallery[places]].tolist(), apart, flags)
