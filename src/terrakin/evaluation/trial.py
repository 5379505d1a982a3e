"""A trial: which chips are queries, which are the gallery, and the vectors that they are ranked by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.spaces.space import Space

__all__ = ["Trial"]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One set of queries against one gallery. Rows are those of a `Labelled` in the order of its ids."""

    queries: NDArray[np.int64]
    """(Q,) rows, ascending, at least one."""
    gallery: NDArray[np.int64]
    """(G,) rows, ascending, at least one besides a query; contains all queries, or none."""
    vectors: NDArray[Any]
    """(N, `space.width`) packed; rows that are neither query nor gallery are not read."""
    space: Space
    """How they compare."""
    seed: int | None = None
    """What the choice of queries was drawn with; None where nothing was drawn."""
    probabilities: NDArray[np.float32] | None = None
    """(N, classes) softmax that weights distances: d (1 - p_q[c_r]) (1 - p_r[c_q]), with c the most probable class."""
    include_self: bool = False
    """True leaves a query in its own ranking, to reproduce figures of others who did."""
    asked: NDArray[Any] | None = None
    """(Q, `space.width`) packed vectors that the queries ask with, in their order; None where they ask with their own."""

    def __post_init__(self) -> None:
        inside = np.isin(self.queries, self.gallery)
        if inside.any() and not inside.all():
            raise ValueError("a gallery contains all queries or none of them")
        if len(self.queries) == 0 or self.ranked == 0:
            raise ValueError(f"a trial needs queries and a gallery, got {len(self.queries)} and {len(self.gallery)}")
        if self.asked is not None and len(self.asked) != len(self.queries):
            raise ValueError(f"every query asks with one vector, got {len(self.asked)} for {len(self.queries)} queries")

    @property
    def leaves_one_out(self) -> bool:
        """True where each query is taken out of its own ranking."""
        return not self.include_self and bool(np.isin(self.queries[:1], self.gallery).any())

    @property
    def ranked(self) -> int:
        """Chips in the ranking of each query."""
        return len(self.gallery) - self.leaves_one_out

    def asking(self, queries: NDArray[np.int64]) -> NDArray[Any]:
        """(n, `space.width`) vectors that some of the queries, given by row, ask with."""
        if self.asked is None:
            own: NDArray[Any] = self.vectors[queries]
            return own
        given: NDArray[Any] = self.asked[np.searchsorted(self.queries, queries)]
        return given
