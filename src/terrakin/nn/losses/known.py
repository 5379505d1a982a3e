"""The losses there are."""

from terrakin.nn.losses.loss import LossMaker
from terrakin.registry import Registry

__all__ = ["LOSSES"]

_HERE = "terrakin.nn.losses"

LOSSES = Registry[LossMaker](
    "losses",
    {
        "binary-cross-entropy": f"{_HERE}.binary_cross_entropy:BinaryCrossEntropy",
        "contrastive": f"{_HERE}.contrastive:Contrastive",
        "cross-entropy": f"{_HERE}.cross_entropy:CrossEntropy",
        "distillation": f"{_HERE}.distillation:Distillation",
        "hashing": f"{_HERE}.hashing:Hashing",
        "multi-similarity": f"{_HERE}.multi_similarity:MultiSimilarity",
        "normalised-softmax": f"{_HERE}.normalised_softmax:NormalisedSoftmax",
        "triplet": f"{_HERE}.triplet:Triplet",
    },
)
"""Constructors `(size: int, classes: int, *, columns: slice | None = None, **options)` by name."""
