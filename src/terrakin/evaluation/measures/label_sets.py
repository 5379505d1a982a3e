"""Measures that compare the label set of a query with those of its first hits, pair by pair."""

from collections.abc import Callable, Sequence

import numpy as np

from terrakin.evaluation.measures.judged import Contributions, LabelOverlap, Values
from terrakin.evaluation.measures.measure import Family, Formula, linear

__all__ = [
    "LABEL_ACCURACY",
    "LABEL_F1",
    "LABEL_HAMMING",
    "LABEL_PRECISION",
    "LABEL_RECALL",
    "f1_of_means",
    "mean_of_first",
    "pair_accuracy",
    "pair_f1",
    "pair_hamming",
    "pair_precision",
    "pair_recall",
]


def mean_of_first(pairs: Contributions, n: int) -> Values:
    """Mean over the first n positions, (Q,); over those that exist if there are fewer, for a missing chip has no value."""
    means: Values = np.mean(pairs[:, :n], axis=1, dtype=np.float64)
    return means


def pair_accuracy(labels: LabelOverlap) -> Values:
    """Shared labels / union of labels, (Q, K) in [0, 1]."""
    return labels.shared / labels.unions


def pair_precision(labels: LabelOverlap) -> Values:
    """Shared labels / labels of the hit, (Q, K) in [0, 1]; 0 for a hit without labels."""
    return labels.shared / np.maximum(labels.sizes, 1)


def pair_recall(labels: LabelOverlap) -> Values:
    """Shared labels / labels of the query, (Q, K) in [0, 1]."""
    return labels.shared / labels.query_sizes[:, None]


def pair_f1(labels: LabelOverlap) -> Values:
    """Twice the shared labels / labels of both counted together, (Q, K) in [0, 1]."""
    return 2 * labels.shared / (labels.query_sizes[:, None] + labels.sizes)


def pair_hamming(labels: LabelOverlap) -> Values:
    """Labels that only one of the two has / labels there are, (Q, K) in [0, 1]; 0 is best."""
    return (labels.unions - labels.shared) / labels.vocabulary


def f1_of_means(labels: LabelOverlap, n: int) -> Values:
    """Harmonic mean of the averaged precision and the averaged recall of the first n, (Q,); 0 where both are 0."""
    precision, recall = mean_of_first(pair_precision(labels), n), mean_of_first(pair_recall(labels), n)
    both = precision + recall
    return np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)


def _pairwise(words: str, pairs: Callable[[LabelOverlap], Values], n: int) -> Formula:
    return linear(
        words,
        at_positions=lambda judged: pairs(judged.overlap),
        total=lambda values, judged: mean_of_first(values, n),
        reads_labels=True,
    )


def _accuracy(n: int, chosen: Sequence[str | None]) -> Formula:
    return _pairwise("mean of shared / union over the first n", pair_accuracy, n)


def _precision(n: int, chosen: Sequence[str | None]) -> Formula:
    return _pairwise("mean of shared / labels of the hit over the first n", pair_precision, n)


def _recall(n: int, chosen: Sequence[str | None]) -> Formula:
    return _pairwise("mean of shared / labels of the query over the first n", pair_recall, n)


def _hamming(n: int, chosen: Sequence[str | None]) -> Formula:
    return _pairwise("mean of unshared labels / vocabulary over the first n; 0 is best", pair_hamming, n)


def _f1(n: int, chosen: Sequence[str | None]) -> Formula:
    if chosen[0] != "of-means":
        return _pairwise("mean over the first n of the F1 of each pair", pair_f1, n)
    return Formula(
        "harmonic mean of label precision and label recall of the first n",
        lambda judged: f1_of_means(judged.overlap, n),
        reads_labels=True,
    )


LABEL_ACCURACY = Family("label-accuracy@n", "overlap of label sets with the first n", "required", (), _accuracy)
"""Label accuracy."""
LABEL_PRECISION = Family("label-precision@n", "share of the hits' labels that the query has", "required", (), _precision)
"""Label precision."""
LABEL_RECALL = Family("label-recall@n", "share of the query's labels that the hits have", "required", (), _recall)
"""Label recall."""
LABEL_F1 = Family(
    "label-f1@n or label-f1@n:of-means", "label precision and recall in one", "required", (("of-pairs", "of-means"),), _f1
)
"""Label F1."""
LABEL_HAMMING = Family(
    "label-hamming@n", "share of all labels in which hit and query differ; 0 is best", "required", (), _hamming, best=0.0
)
"""Label Hamming loss."""
