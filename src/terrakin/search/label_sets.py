"""Asking for sets of labels: at least these, exactly these, or the more of them the better."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from terrakin.archive.condition import All, Compare, Condition, Exactly, OneOf
from terrakin.archive.store import Store
from terrakin.errors import FilterError
from terrakin.registry import nearest

__all__ = ["LabelMatch", "LabelSet", "jaccard", "label_set", "nearest_by_overlap"]

LabelMatch = Literal["at-least", "exactly", "overlap"]
"""What a chip's labels have to do with those that are asked for; see `LabelSet.match`."""

_FEWEST = 64
# Chips that are looked at first where overlap weighs.


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels that are asked for."""

    labels: tuple[str, ...]
    """Names, each once, at least one. A name may hold commas."""
    match: LabelMatch = "at-least"
    """`at-least`: chips that have all of them. `exactly`: chips that have these and no other. `overlap`: chips that have one of
    them; their distance is divided by the Jaccard overlap of the two sets, so that half the overlap is twice as far."""

    @property
    def condition(self) -> Condition:
        """What a chip must be to answer."""
        if self.match == "exactly":
            return Exactly("labels", self.labels)
        if self.match == "overlap":
            return OneOf("labels", self.labels)
        wanted = tuple(Compare("labels", "=", name) for name in self.labels)
        return wanted[0] if len(wanted) == 1 else All(wanted)

    def __str__(self) -> str:
        """In words, as a filter is told."""
        names = ", ".join(f"'{name}'" for name in self.labels)
        return {"at-least": f"labels {names}", "exactly": f"labels {names} alone", "overlap": f"some of labels {names}"}[
            self.match
        ]


def label_set(store: Store, labels: Sequence[str], match: LabelMatch) -> LabelSet | None:
    """The set that is asked for, if the chips have such labels; None where no label is asked for.

    Raises:
        FilterError: for a label that no chip has, with the nearest one there is, a match that does not exist, or one other than
            the usual where no label is asked for.
    """
    if match not in get_args(LabelMatch):
        raise FilterError(
            f"labels match {', '.join(get_args(LabelMatch))}, got {match!r};{nearest(match, get_args(LabelMatch))}"
        )
    if not labels:
        if match != "at-least":
            raise FilterError(f"no label is named that chips could match by {match!r}; name some, with --label")
        return None
    for name in labels:
        if not store.count(Compare("labels", "=", name)):
            there = {
                label for batch in store.scan(["labels"]) for label in batch.column("labels").flatten().unique().to_pylist()
            }
            several = "," in name and {part.strip() for part in name.split(",")} <= there
            meant = " give each of several labels its own --label." if several else nearest(name, there)
            words = f"no chip has the label {name!r}{f';{meant}' if meant else '.'}"
            raise FilterError(f"{words} The archive has {len(there)} labels")
    return LabelSet(tuple(dict.fromkeys(labels)), match)


def jaccard(one: Collection[str], other: Collection[str]) -> float:
    """Shared labels / union of labels, in [0, 1]; 0 for two empty sets.

    >>> jaccard(["forest", "water"], ["forest"])
    0.5
    """
    union = len({*one, *other})
    return len({*one} & {*other}) / union if union else 0.0


def nearest_by_overlap(
    store: Store, vector: np.ndarray, wanted: LabelSet, *, k: int, where: Condition | None, without: Collection[str] = ()
) -> list[tuple[str, float]]:
    """The k chips of least distance / overlap with their distances, ties by id; exact, and lazily so.

    No chip further than the last that was looked at can come before one whose quotient is less than that distance, since an
    overlap is at most 1. So chips are looked at nearest first, until the k best so far are certain.

    Args:
        store: what is searched.
        vector: (W,) packed.
        wanted: the labels.
        k: how many.
        where: which chips may answer; it must leave those alone that share a label.
        without: ids that are no answers.
    """
    fetched = max(_FEWEST, 2 * (k + len(without)))
    while True:
        ids, distances = store.search(vector, k=fetched, where=where)
        labels = store.take(ids, ["labels"]).column("labels").to_pylist() if ids else []
        ranked = sorted(
            (float(distance) / jaccard(wanted.labels, held), name.encode(), float(distance))
            for name, distance, held in zip(ids, distances, labels, strict=True)
            if name not in without
        )
        best = ranked[:k]
        if len(ids) < fetched or (len(best) == k and best[-1][0] < distances[-1]):
            return [(name.decode(), distance) for _, name, distance in best]
        fetched *= 4
