"""A plan: a protocol applied to given chips."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.trial import Trial

__all__ = ["Plan", "Planner", "default_measures", "default_relevance"]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What an evaluation does with given chips."""

    trials: tuple[Trial, ...]
    """Queries and galleries; more than one where queries are drawn more than once."""
    relevance: str
    """Name of the relevance rule."""
    measures: tuple[str, ...]
    """Names of the measures that the protocol reports."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What a reader must know of how the queries, the gallery and the vectors came about; JSON-able."""
    warnings: tuple[str, ...] = ()
    """What is not as the protocol means it."""


class Planner(Protocol):
    """A protocol; its fields are its options."""

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """Apply the protocol.

        Args:
            labelled: chips in the order of their ids.
            seed: of whatever is drawn.

        Raises:
            EvaluationError: if the chips lack what the protocol needs, naming it.
        """


def default_relevance(labelled: Labelled) -> str:
    """The rule for chips with one label each, or with label sets."""
    return "share-any" if labelled.multi_label else "same-class"


def default_measures(labelled: Labelled) -> tuple[str, ...]:
    """The measures for chips with one label each, or with label sets.

    With label sets much of a gallery may share a label with any query, so there the measures that compare the sets lead.
    """
    if labelled.multi_label:
        sets = ("label-accuracy@20", "label-precision@20", "label-recall@20", "label-f1@20", "label-hamming@20", "ndcg@20")
        return (*sets, "map", "p@10", "p@20", "anmrr")
    cutoffs = ("p@5", "p@10", "p@20", "p@50", "p@100", "recall@10", "recall@100")
    return ("map", *cutoffs, "r-precision", "anmrr", "hitrate@1", "hitrate@5", "hitrate@10", "map@10:found")
