"""Rankings as measures see them: relevance in rank order, without ids or distances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError

__all__ = ["Contributions", "Counts", "Judged", "LabelOverlap", "Relevance", "Values"]

Values = NDArray[np.float64]
Counts = NDArray[np.int64]
Relevance = NDArray[np.bool_]
Contributions = Values | Counts | Relevance


@dataclass(frozen=True, slots=True, eq=False)
class LabelOverlap:
    """How the labels of queries and of the chips in rank order overlap."""

    shared: Counts
    """(Q, K) labels in common of the query and the chip at each position."""
    sizes: Counts
    """(Q, K) labels of the chip at each position."""
    query_sizes: Counts
    """(Q,) labels of each query, at least 1."""
    vocabulary: int
    """Labels there are in all."""

    @property
    def unions(self) -> Counts:
        """(Q, K) labels of the query or the chip."""
        return self.query_sizes[:, None] + self.sizes - self.shared


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Rankings of Q queries over one gallery, all known to K positions; the query itself is not among them."""

    relevance: Relevance
    """(Q, K) best-ranked chip first; True is relevant."""
    relevant: Counts
    """(Q,) R, the relevant chips of the whole gallery; at least 1."""
    gallery: int
    """Chips that could be ranked; the ranking is full where this is K."""
    largest_relevant: int
    """Largest R over all queries of the evaluation, of which these may be a part."""
    labels: LabelOverlap | None = None
    """Overlap of label sets; None where the chips have no labels. Read it as `overlap`."""

    def __post_init__(self) -> None:
        if self.relevance.ndim != 2 or self.relevant.shape != self.relevance.shape[:1]:
            raise ValueError(f"relevance is (Q, K), relevant (Q,); got {self.relevance.shape}, {self.relevant.shape}")
        if self.known > self.gallery:
            raise ValueError(f"{self.known} positions of a gallery of {self.gallery} cannot be known")
        if not (self.relevant >= 1).all():
            raise ValueError("no measure is defined for a query without a relevant chip; leave such queries out")

    @property
    def known(self) -> int:
        """K, the positions that are known."""
        return int(self.relevance.shape[1])

    @property
    def overlap(self) -> LabelOverlap:
        """Overlap of label sets.

        Raises:
            EvaluationError: if the chips have no labels.
        """
        if self.labels is None:
            raise EvaluationError(
                "this measure compares label sets, but these chips have no labels; choose map, p@10 or the like"
            )
        return self.labels
