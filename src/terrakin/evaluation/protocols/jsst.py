"""The protocol of the ISPRS 2020 and JSST 2021 papers: a fifth of each class asks, Pearson after principal components."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.protocols.parts import of_classes, share_of, shuffled
from terrakin.evaluation.protocols.plan import Plan
from terrakin.evaluation.protocols.reduction import Reduced, reduce
from terrakin.evaluation.trial import Trial

__all__ = ["Jsst20"]


@dataclass(frozen=True, slots=True)
class Jsst20:
    """The protocol of the ISPRS 2020 and JSST 2021 papers: a fifth of each class asks, Pearson after principal components.
    Queries are floor(0.2 n) chips of each class; the gallery is everything else, other queries included.

    Which chips were queries, what the components were fitted on and to how many dimensions is not published. Here queries are
    drawn with seeds, and the mean and the spread over them are reported; components are fitted on the gallery without labels.
    The published mAP is, by inference from the published numbers, `map@10:found`.
    """

    size: int = 128
    """Dimensions after principal components; 0 compares the embeddings as they are, in their own space."""
    seeds: int = 5
    """Draws of the queries."""
    queries: float = 0.2
    """Share of each class that asks, rounded down."""

    def __post_init__(self) -> None:
        if self.size < 0 or self.size == 1 or self.seeds < 1 or not 0 < self.queries <= 1:
            raise ValueError(
                f"size is at least 2 or 0 for none, seeds at least 1, queries in (0, 1], "
                f"got {self.size}, {self.seeds}, {self.queries}"
            )

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        classes = of_classes(labelled, np.arange(len(labelled.ids)), "jsst20")
        gallery = np.sort(np.concatenate(list(classes.values())))
        if not any(share_of(len(rows), self.queries) for rows in classes.values()) or len(gallery) < 3:
            raise EvaluationError(
                f"protocol jsst20 asks with {self.queries:g} of each class, but the largest of {len(classes)} has "
                f"{max(map(len, classes.values()))} chips; index more, or choose loo"
            )
        reduced, words = self._reduced(labelled, gallery)
        seeds = list(range(seed, seed + self.seeds))
        trials = tuple(Trial(self._queries(classes, one), gallery, reduced.vectors, reduced.space, one) for one in seeds)
        facts = {"reduction": words, "seeds": seeds}
        measures = ("p@5", "p@10", "p@50", "p@100", "map@10:found", "map")
        return Plan(trials, "same-class", measures, facts, reduced.warnings)

    def _reduced(self, labelled: Labelled, gallery: NDArray[np.int64]) -> tuple[Reduced, str]:
        if self.size == 0:
            return Reduced(labelled.vectors, labelled.space, ()), "none"
        # A query's gallery lacks only the query, so one reduction serves all: fitted on all chips, without labels.
        reduced = reduce(labelled, gallery, size=self.size, kind="pearson", protocol="jsst20")
        return reduced, f"principal components of the gallery, {reduced.space.size} dimensions"

    def _queries(self, classes: dict[str, NDArray[np.int64]], seed: int) -> NDArray[np.int64]:
        drawn = [shuffled(rows, label, seed)[: share_of(len(rows), self.queries)] for label, rows in classes.items()]
        return np.sort(np.concatenate(drawn))
