"""The protocol of G-CNN on Google Earth South Korea: the same places a year later."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.protocols.plan import Plan
from terrakin.evaluation.protocols.reduction import float_vectors
from terrakin.evaluation.trial import Trial
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

__all__ = ["Gesk"]


@dataclass(frozen=True, slots=True)
class Gesk:
    """The protocol of G-CNN on Google Earth South Korea: the same places a year later.
    Chips of one year ask for those of another that show at least half of the same ground; Euclidean distance.

    The paper prints the hit rate as "Recall@n". Its rotated variant is the same protocol over chips that were rotated before
    they were indexed. Without boxes or footprints a hit is the same place.
    """

    gallery: int = 2018
    """Year of the gallery."""
    queries: int = 2019
    """Year of the queries."""

    def __post_init__(self) -> None:
        if self.gallery == self.queries:
            raise ValueError(f"queries and gallery are of different years, got {self.gallery} for both")

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        queries, gallery = self._rows(labelled, self.queries), self._rows(labelled, self.gallery)
        located = (labelled.boxes is not None and np.isfinite(labelled.boxes).any()) or any(labelled.footprints or ())
        if not located and not any(labelled.places or ()):
            raise EvaluationError("protocol gesk needs boxes, footprints or places of the chips, but these have none")
        vectors = float_vectors(labelled, "gesk")
        space = Space("l2", vectors.shape[1])
        relevance = "overlap>=0.5" if located else "same-place"
        facts = {"query_year": self.queries, "gallery_year": self.gallery}
        trial = Trial(queries, gallery, pack(space, vectors), space)
        return Plan((trial,), relevance, ("hitrate@1", "hitrate@5", "hitrate@10", "hitrate@100"), facts)

    def _rows(self, labelled: Labelled, year: int) -> NDArray[np.int64]:
        rows = np.flatnonzero([one == year for one in labelled.years or ()])
        if not len(rows):
            years = sorted({one for one in labelled.years or () if one is not None})
            found = f"they are of {', '.join(map(str, years))}" if years else "they have no dates"
            raise EvaluationError(
                f"protocol gesk needs chips of {year}, but {found}; choose others with gesk:gallery=YEAR:queries=YEAR"
            )
        return rows
