"""The samplers there are."""

from collections.abc import Callable

from terrakin.registry import Registry
from terrakin.training.samplers.sampler import Sampler

__all__ = ["SAMPLERS"]

_HERE = "terrakin.training.samplers"

SAMPLERS = Registry[Callable[..., Sampler]](
    "samplers",
    {"balanced": f"{_HERE}.balanced:Balanced", "pk": f"{_HERE}.pk:PK", "shuffled": f"{_HERE}.shuffled:Shuffled"},
)
"""Samplers by name; each is made with `(labels, batch, seed, **options)`, see `Sampler`."""
