"""Relevance: which gallery chips answer a query, by rules with names such as `same-class` or `overlap>=0.5`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.registry import nearest

__all__ = ["RULES", "LabelSets", "Rule", "label_sets", "overlap_of_boxes", "relevance_rule"]

Rows = NDArray[np.int64]
Rule = Callable[[Rows, Rows], NDArray[np.bool_]]
"""From rows of queries (Q,) and of the gallery (G,) to relevance (Q, G)."""

RULES = {
    "same-class": "the classes are equal",
    "share-any": "at least one label is shared",
    "share-all": "every label of the query is shared, whatever others there are",
    "jaccard>=t": "shared labels / union of labels is at least t",
    "same-labels": "the label sets are equal",
    "same-place": "the places are equal",
    "overlap>=f": "the footprints share at least the fraction f of the query's",
}
"""Names of the rules, and what makes a chip relevant under each."""


def relevance_rule(name: str, labelled: Labelled) -> Rule:
    """The rule of that name over these chips. A chip without labels (place, footprint) is relevant for none.

    Raises:
        EvaluationError: if there is no such rule, or the chips lack what it compares.
    """
    kind, threshold = _parse(name)
    if kind == "same-place":
        return _same_values(_codes(labelled.places, "places", name))
    if kind == "overlap":
        return _overlap(labelled, threshold, name)
    if not any(labelled.labels):
        raise EvaluationError(f"relevance {name} compares labels, but none of the {len(labelled.ids)} chips has one")
    if kind == "same-class":
        if labelled.multi_label:
            raise EvaluationError("relevance same-class needs one label a chip, but some have several; choose share-any")
        return _same_values(_codes([labels[0] if labels else None for labels in labelled.labels], "labels", name))
    if kind == "share-any":
        sets = label_sets(labelled)
        return lambda queries, gallery: sets.shared(queries, gallery) > 0
    if kind == "share-all":
        return _share_all(label_sets(labelled))
    return _jaccard(labelled, threshold)


@dataclass(frozen=True, slots=True, eq=False)
class LabelSets:
    """Label sets of N chips as an incidence matrix."""

    incidence: NDArray[np.float32]
    """(N, V) 1 where the chip has the label; float, for products of float matrices are fast, and exact for such counts."""
    sizes: Rows
    """(N,) labels of each chip."""

    @property
    def vocabulary(self) -> int:
        """V, the labels there are."""
        return int(self.incidence.shape[1])

    def shared(self, queries: Rows, gallery: Rows) -> Rows:
        """(Q, G) labels in common."""
        return (self.incidence[queries] @ self.incidence[gallery].T).astype(np.int64)


def label_sets(labelled: Labelled) -> LabelSets:
    """The label sets of these chips."""
    columns = {label: i for i, label in enumerate(sorted({label for labels in labelled.labels for label in labels}))}
    incidence = np.zeros((len(labelled.ids), len(columns)), dtype=np.float32)
    for row, labels in enumerate(labelled.labels):
        incidence[row, [columns[label] for label in labels]] = 1
    return LabelSets(incidence, incidence.sum(axis=1).astype(np.int64))


def overlap_of_boxes(queries: NDArray[np.float64], gallery: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of the intersection / area of the query's box.

    Args:
        queries: (Q, 4) `(minx, miny, maxx, maxy)`.
        gallery: (G, 4).

    Returns:
        (Q, G) in [0, 1]; NaN where a box is not known or the query's has no area.

    >>> overlap_of_boxes(np.array([[0.0, 0, 1, 1]]), np.array([[0.25, 0.25, 1.25, 1.25]]))
    array([[0.5625]])
    """
    low = np.maximum(queries[:, None, :2], gallery[None, :, :2])
    high = np.minimum(queries[:, None, 2:], gallery[None, :, 2:])
    areas = np.prod(queries[:, 2:] - queries[:, :2], axis=1)
    shares: NDArray[np.float64] = np.prod(np.maximum(high - low, 0), axis=2) / np.where(areas > 0, areas, np.nan)[:, None]
    return shares


def _parse(name: str) -> tuple[str, float]:
    match = re.fullmatch(r"(jaccard|overlap)>=([0-9]*\.?[0-9]+)", name)
    if match and 0 < float(match[2]) <= 1:
        return match[1], float(match[2])
    if name in RULES and ">=" not in name:
        return name, 1.0
    raise EvaluationError(
        f"there is no relevance rule {name!r};{nearest(name, RULES)} Choose {', '.join(RULES)}, with t and f above 0, at most 1"
    )


def _codes(values: Sequence[str | None] | None, what: str, rule: str) -> Rows:
    if values is None or all(value is None for value in values):
        raise EvaluationError(f"relevance {rule} compares {what}, but these chips have none")
    numbers = {value: i for i, value in enumerate(sorted({value for value in values if value is not None}))}
    return np.array([-1 if value is None else numbers[value] for value in values], dtype=np.int64)


def _same_values(codes: Rows) -> Rule:
    return lambda queries, gallery: (codes[queries][:, None] == codes[gallery]) & (codes[queries] >= 0)[:, None]


def _share_all(sets: LabelSets) -> Rule:
    def rule(queries: Rows, gallery: Rows) -> NDArray[np.bool_]:
        wanted = sets.sizes[queries][:, None]
        covered: NDArray[np.bool_] = (sets.shared(queries, gallery) == wanted) & (wanted > 0)
        return covered

    return rule


def _jaccard(labelled: Labelled, threshold: float) -> Rule:
    sets = label_sets(labelled)

    def rule(queries: Rows, gallery: Rows) -> NDArray[np.bool_]:
        shared = sets.shared(queries, gallery)
        unions = sets.sizes[queries][:, None] + sets.sizes[gallery] - shared
        # Division rounds correctly, as reading "0.6" does, so 3 / 5 reaches 0.6 without a tolerance.
        similar: NDArray[np.bool_] = (shared > 0) & (shared / np.maximum(unions, 1) >= threshold)
        return similar

    return rule


def _overlap(labelled: Labelled, threshold: float, name: str) -> Rule:
    if labelled.boxes is not None and np.isfinite(labelled.boxes).any():
        boxes = labelled.boxes
        return lambda queries, gallery: overlap_of_boxes(boxes[queries], boxes[gallery]) >= threshold
    if labelled.footprints is None or not any(labelled.footprints):
        raise EvaluationError(f"relevance {name} compares footprints, but these chips have neither boxes nor footprints")
    # The share of two areas on a common stretch of ground is the same in degrees as in metres.
    polygons = shapely.from_wkb(np.array(labelled.footprints, dtype=object))

    def rule(queries: Rows, gallery: Rows) -> NDArray[np.bool_]:
        relevance = np.zeros((len(queries), len(gallery)), dtype=bool)
        at_query, at_gallery = shapely.STRtree(polygons[gallery]).query(polygons[queries], predicate="intersects")
        asked, found = polygons[queries][at_query], polygons[gallery][at_gallery]
        relevance[at_query, at_gallery] = shapely.area(shapely.intersection(asked, found)) >= threshold * shapely.area(asked)
        return relevance

    return rule
