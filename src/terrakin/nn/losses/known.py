"""The losses there are."""

from collections.abc import Callable

from terrakin.nn.losses.loss import Loss
from terrakin.registry import Registry

__all__ = ["LOSSES"]

_HERE = "terrakin.nn.losses"

LOSSES = Registry[Callable[..., Loss]](
    "losses",
    {
        "distillation": f"{_HERE}.distillation:Distillation",
        "normalised-softmax": f"{_HERE}.normalised_softmax:NormalisedSoftmax",
    },
)
"""Constructors `(size: int, classes: int, *, columns: slice | None = None, **options)` by name."""
