"""What sgd alone has; the rest is in the contract of optimisers."""

import pytest
import torch
from torch import nn

from terrakin.errors import RecipeError
from terrakin.training.optimizers import adamw, sgd


def after(steps: int, make, **options: object) -> float:
    """Where a weight of 1 is after gradients of 1."""
    weight = nn.Parameter(torch.ones(1, 1))
    optimizer = make([{"kind": "backbone", "params": [weight]}], **options)
    for _ in range(steps):
        weight.grad = torch.ones(1, 1)
        optimizer.step()
    return weight.item()


def test_sgd_by_hand() -> None:
    plain = {"learning_rate": 0.1, "momentum": 0.0, "weight_decay": 0.0}
    assert after(2, sgd, **plain) == pytest.approx(0.8)
    assert after(2, sgd, **plain | {"momentum": 0.5}) == pytest.approx(1 - 0.1 - 0.15)
    # Nesterov's step is the gradient and half of the new velocity: 1.5, then 1.75.
    assert after(2, sgd, **plain | {"momentum": 0.5, "nesterov": True}) == pytest.approx(1 - 0.15 - 0.175)
    assert after(1, sgd, **plain | {"weight_decay": 0.5}) == pytest.approx(1 - 0.1 * 1.5)


def test_adamw_by_hand() -> None:
    assert after(1, adamw, learning_rate=0.1, weight_decay=0.0) == pytest.approx(0.9)
    assert after(1, adamw, learning_rate=0.1, weight_decay=0.5) == pytest.approx(1 * (1 - 0.1 * 0.5) - 0.1)


def test_momentum_out_of_range() -> None:
    groups = [{"kind": "backbone", "params": [nn.Parameter(torch.ones(1))]}]
    for momentum in (-0.1, 1.0):
        with pytest.raises(RecipeError, match=rf"\[optimizer\] momentum is from 0 to below 1, got {momentum}"):
            sgd(groups, momentum=momentum)
    with pytest.raises(RecipeError, match=r"\[optimizer\] nesterov needs a momentum above 0"):
        sgd(groups, momentum=0.0, nesterov=True)
