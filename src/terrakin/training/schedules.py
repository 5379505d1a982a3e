"""How the learning rate goes: a factor for each step."""

import math
from collections.abc import Callable, Sequence

from terrakin.errors import RecipeError
from terrakin.registry import Registry

__all__ = ["SCHEDULES", "Factor", "constant", "cosine", "steps"]

Factor = Callable[[int], float]
"""Number of a step, from 0, to what the learning rate is multiplied by."""

SCHEDULES = Registry[Callable[..., Factor]](
    "schedules",
    {
        "constant": "terrakin.training.schedules:constant",
        "cosine": "terrakin.training.schedules:cosine",
        "steps": "terrakin.training.schedules:steps",
    },
)
"""Constructors: the numbers of steps in all and in an epoch, and options, to a `Factor`."""


def constant(steps: int, steps_an_epoch: int, *, warmup: float = 0.0) -> Factor:
    """The same rate throughout, after `warmup` epochs of a straight rise."""
    del steps
    return lambda step: _rise(step, warmup * steps_an_epoch)


def cosine(steps: int, steps_an_epoch: int, *, warmup: float = 0.0, last: float = 0.0) -> Factor:
    """Half a cosine from the full rate to `last` of it (Loshchilov & Hutter 2017, arXiv:1608.03983), after the warm-up.

    >>> [round(cosine(10, 1)(step), 2) for step in (0, 5, 9)]
    [1.0, 0.5, 0.02]
    """
    rising = warmup * steps_an_epoch

    def factor(step: int) -> float:
        if step < rising:
            return _rise(step, rising)
        way = (step - rising) / max(1.0, steps - rising)
        return last + (1 - last) * (1 + math.cos(math.pi * min(1.0, way))) / 2

    return factor


def steps(steps: int, steps_an_epoch: int, *, after: Sequence[float] = (), factor: float = 0.1, warmup: float = 0.0) -> Factor:
    """The rate times `factor` after each of the epochs `after`.

    >>> [round(steps(40, 1, after=[15, 30])(epoch), 3) for epoch in (14, 15, 30)]
    [1.0, 0.1, 0.01]
    """
    if list(after) != sorted(after) or any(epoch * steps_an_epoch >= steps for epoch in after):
        raise RecipeError(f"[schedule] after names epochs in order, before the last, got {list(after)}")

    def rate(step: int) -> float:
        passed = sum(step >= epoch * steps_an_epoch for epoch in after)
        return _rise(step, warmup * steps_an_epoch) * factor**passed

    return rate


def _rise(step: int, rising: float) -> float:
    return min(1.0, (step + 1) / rising) if rising > 0 else 1.0
