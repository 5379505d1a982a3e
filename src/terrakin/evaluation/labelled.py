"""What an evaluation starts from: chips, their vectors, and what is known about them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.spaces.space import Space

__all__ = ["Labelled", "in_id_order"]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """N chips with their vectors and ground truth. Everything is in one order; any order will do."""

    ids: Sequence[str]
    """N chip ids, all different."""
    labels: Sequence[tuple[str, ...]]
    """N label sets: one label for a class, several for a multi-label set, none where nothing is known."""
    vectors: NDArray[Any]
    """(N, `space.width`) packed embeddings of `space.dtype`."""
    space: Space
    """How they compare."""
    splits: Sequence[str | None] | None = None
    """N official parts: `train`, `val`, `test`, or `query` and `gallery`."""
    places: Sequence[str | None] | None = None
    """N names of places, for chips that show one place at several times."""
    years: Sequence[int | None] | None = None
    """N years of acquisition."""
    boxes: NDArray[np.float64] | None = None
    """(N, 4) `(minx, miny, maxx, maxy)` on one planar grid; NaN where not known."""
    footprints: Sequence[bytes | None] | None = None
    """N polygons on the ground, EPSG:4326, WKB."""
    probabilities: NDArray[np.float32] | None = None
    """(N, classes) softmax of a classifier, rows summing to 1."""

    def __post_init__(self) -> None:
        count = len(self.ids)
        if self.vectors.shape != (count, self.space.width) or self.vectors.dtype != self.space.dtype:
            raise ValueError(
                f"vectors are ({count}, {self.space.width}) {self.space.dtype} here, "
                f"got {self.vectors.shape} {self.vectors.dtype}"
            )
        for name in ("labels", "splits", "places", "years", "boxes", "footprints", "probabilities"):
            values = getattr(self, name)
            if values is not None and len(values) != count:
                raise ValueError(f"{name} are {count} like the ids, got {len(values)}")
        if len(set(self.ids)) != count:
            repeated = next(one for i, one in enumerate(self.ids) if one in set(self.ids[:i]))
            raise ValueError(f"ids are all different, but {repeated!r} is there twice")

    @property
    def multi_label(self) -> bool:
        """True where a chip has more than one label."""
        return any(len(labels) > 1 for labels in self.labels)


def in_id_order(labelled: Labelled) -> Labelled:
    """The same chips sorted by id as UTF-8 bytes, the order that breaks ties: results do not depend on how they came in."""
    order = sorted(range(len(labelled.ids)), key=lambda row: labelled.ids[row].encode())
    changed: dict[str, Any] = {}
    for field in fields(labelled):
        values = getattr(labelled, field.name)
        if field.name != "space" and values is not None:
            changed[field.name] = values[order] if isinstance(values, np.ndarray) else [values[row] for row in order]
    return replace(labelled, **changed)
