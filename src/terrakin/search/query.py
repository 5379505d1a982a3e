"""A query: what is asked of an archive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.archive.condition import Condition
from terrakin.errors import TerrakinError
from terrakin.search.label_sets import LabelSet
from terrakin.spaces.kinds import Packed, pack
from terrakin.spaces.space import Space

__all__ = ["AWAY", "Example", "Query", "combine"]

AWAY = 0.5
"""Weight of the mean negative example against the mean positive one (Rocchio's gamma; his beta is 1 here)."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """An embedded example."""

    words: str
    """What it is, for people."""
    vector: Packed
    """(W,) packed."""
    thumbnail: bytes | None
    """JPEG."""
    labels: tuple[str, ...] = ()
    """Labels, where it is a chip of the archive that has some."""
    is_chip: bool = False
    """True where it is a chip of the archive, whose id its words are."""


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is asked: examples, how many hits, and which chips may answer."""

    words: str
    """The query for people: a file, a chip id, a box."""
    vector: Packed
    """(W,) packed; several examples are combined."""
    k: int
    """How many hits."""
    condition: Condition | None = None
    """Which chips may answer."""
    filter: str | None = None
    """The condition as it was written."""
    without: frozenset[str] = frozenset()
    """Ids of the examples, which are no answers."""
    overlap: LabelSet | None = None
    """Labels whose overlap with a chip's own weighs its distance."""
    thumbnail: bytes | None = None
    """The first example as a JPEG."""
    labels: tuple[str, ...] = ()
    """Labels of the first example, where it is a chip that has some."""


def combine(space: Space, positives: Packed, negatives: Packed) -> Packed:
    """One vector for several examples: towards the positive ones, away from the negative ones.

    Rocchio's rule in the space of the vectors; codes vote bit by bit.

    Args:
        space: how the vectors compare.
        positives: (P, W) packed, at least one.
        negatives: (M, W) packed, may be empty.

    Returns:
        (W,) packed.

    Raises:
        ValueError: if there is no positive example.
        TerrakinError: if several code sets are to be combined, or the examples cancel out.
    """
    if not len(positives):
        raise ValueError("a query needs at least one positive example")
    if len(positives) == 1 and not len(negatives):
        only: Packed = positives[0]
        return only
    if space.kind == "codeset":
        raise TerrakinError("code sets cannot be combined; ask with one example")
    towards = _numbers(space, positives).mean(axis=0)
    away = _numbers(space, negatives).mean(axis=0) if len(negatives) else np.zeros_like(towards)
    vector = (towards - AWAY * away).astype(np.float32)
    if not vector.any():
        raise TerrakinError("the positive and negative examples cancel out; leave one of them out")
    combined: Packed = pack(space, vector[np.newaxis])[0]
    return combined


def _numbers(space: Space, vectors: Packed) -> NDArray[np.float64]:
    if space.is_binary:
        return np.unpackbits(vectors.astype(np.uint8), axis=1).astype(np.float64) * 2 - 1
    return vectors.astype(np.float64)
