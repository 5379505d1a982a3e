"""What moves the weights."""

from collections.abc import Callable
from typing import Any

from torch.optim import SGD, Adam, AdamW, Optimizer

from terrakin.errors import RecipeError
from terrakin.registry import Registry

__all__ = ["OPTIMIZERS", "adam", "adamw", "sgd"]

OPTIMIZERS = Registry[Callable[..., Optimizer]](
    "optimizers",
    {
        "adam": "terrakin.training.optimizers:adam",
        "adamw": "terrakin.training.optimizers:adamw",
        "sgd": "terrakin.training.optimizers:sgd",
    },
)
"""Constructors: groups of parameters and options to an optimiser. A group `heads` learns `heads` times as fast,
a group `frontend` `frontend` times."""


def sgd(
    groups: list[dict[str, Any]],
    *,
    learning_rate: float = 0.01,
    heads: float = 1.0,
    frontend: float = 1.0,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    nesterov: bool = False,
) -> Optimizer:
    """Stochastic gradient descent with momentum.

    Args:
        groups: of parameters, each with `params` and `kind`: `backbone`, `heads` or `frontend`.
        learning_rate: of the backbone.
        heads: factor to it for head and losses, which start from nothing.
        frontend: factor to it for the front-end; what it does to an image, all that follows must bear.
        momentum: share of the last step that is taken again.
        weight_decay: pull to zero; not on biases and batch norm.
        nesterov: look ahead.

    Raises:
        RecipeError: if a value is out of its range.
    """
    if not 0 <= momentum < 1:
        raise RecipeError(f"[optimizer] momentum is from 0 to below 1, got {momentum}")
    if nesterov and not momentum:
        raise RecipeError("[optimizer] nesterov needs a momentum above 0")
    return SGD(_with(groups, learning_rate, heads, frontend, weight_decay), momentum=momentum, nesterov=nesterov)


def adam(
    groups: list[dict[str, Any]],
    *,
    learning_rate: float = 1e-3,
    heads: float = 1.0,
    frontend: float = 1.0,
    weight_decay: float = 0.0,
) -> Optimizer:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980), decay being part of the gradient, as of an L2 term; arguments as `sgd`."""
    return Adam(_with(groups, learning_rate, heads, frontend, weight_decay))


def adamw(
    groups: list[dict[str, Any]],
    *,
    learning_rate: float = 1e-3,
    heads: float = 1.0,
    frontend: float = 1.0,
    weight_decay: float = 0.01,
) -> Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101); arguments as `sgd`."""
    return AdamW(_with(groups, learning_rate, heads, frontend, weight_decay))


def _with(
    groups: list[dict[str, Any]], learning_rate: float, heads: float, frontend: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Two groups of each: matrices and kernels decay, biases and batch norm do not."""
    factors = {"backbone": 1.0, "heads": heads, "frontend": frontend}
    for name, value in (("learning_rate", learning_rate), ("weight_decay", weight_decay), *factors.items()):
        if value < 0:
            raise RecipeError(f"[optimizer] {name} is 0 or more, got {value}")
    result = []
    for group in groups:
        rate = learning_rate * factors[group["kind"]]
        for decays in (True, False):
            chosen = [parameter for parameter in group["params"] if (parameter.ndim > 1) == decays]
            if chosen:
                result.append({"params": chosen, "lr": rate, "weight_decay": weight_decay if decays else 0.0})
    return result
