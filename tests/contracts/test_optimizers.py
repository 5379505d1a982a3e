"""What every optimiser must do."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.training.optimizers import OPTIMIZERS

KINDS = ("backbone", "heads", "frontend")
pytestmark = pytest.mark.parametrize("name", sorted(OPTIMIZERS))


def groups(*, seed: int = 0) -> tuple[list[dict[str, Any]], dict[str, nn.Parameter]]:
    """A matrix and a vector each of a backbone, of heads and of a front-end."""
    drawn = torch.Generator().manual_seed(seed)
    made = {
        f"{kind}.{shape}": nn.Parameter(torch.randn(*sides, generator=drawn))
        for kind in KINDS
        for shape, sides in (("matrix", (3, 2)), ("vector", (4,)))
    }
    kinds = [{"kind": kind, "params": [value for key, value in made.items() if key.startswith(kind)]} for kind in KINDS]
    return kinds, made


def moved(name: str, gradient: float, **options: Any) -> dict[str, Tensor]:
    """How far one step moves each parameter, all gradients being alike."""
    kinds, made = groups()
    before = {key: value.detach().clone() for key, value in made.items()}
    optimizer = OPTIMIZERS[name](kinds, **options)
    for value in made.values():
        value.grad = torch.full_like(value, gradient)
    optimizer.step()
    return {key: value.detach() - before[key] for key, value in made.items()}


def test_it_goes_downhill(name: str) -> None:
    kinds, made = groups()
    optimizer = OPTIMIZERS[name](kinds, learning_rate=0.05)
    values = []
    for _ in range(80):
        optimizer.zero_grad()
        value = sum((parameter**2).sum() for parameter in made.values())
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.05 * values[0]


@pytest.mark.parametrize("kind", ["heads", "frontend"])
def test_heads_and_front_end_learn_as_much_faster_as_is_said(name: str, kind: str) -> None:
    plain, step = (moved(name, 1.0, learning_rate=0.01, weight_decay=0.0, **factor) for factor in ({}, {kind: 5.0}))
    for key, value in plain.items():
        torch.testing.assert_close(step[key], 5 * value if key.startswith(kind) else value)


def test_the_learning_rate_is_a_factor(name: str) -> None:
    slow, fast = (moved(name, 1.0, learning_rate=rate, weight_decay=0.0) for rate in (0.01, 0.03))
    for key, step in slow.items():
        torch.testing.assert_close(fast[key], 3 * step)


def test_matrices_decay_and_vectors_do_not(name: str) -> None:
    _, before = groups()
    step = moved(name, 0.0, learning_rate=0.1, weight_decay=0.5)
    for kind in KINDS:
        assert not step[f"{kind}.vector"].any()
        towards = -before[f"{kind}.matrix"].detach()
        assert ((step[f"{kind}.matrix"] * towards) > 0).all()


def test_all_it_remembers_are_tensors(name: str) -> None:
    """A checkpoint holds tensors; whatever else an optimiser remembered would be lost on resuming."""
    kinds, made = groups()
    optimizer = OPTIMIZERS[name](kinds)
    for value in made.values():
        value.grad = torch.ones_like(value)
    optimizer.step()
    remembered = [value for memory in optimizer.state.values() for value in memory.values()]
    assert remembered
    assert all(isinstance(value, Tensor) for value in remembered)


def test_its_groups_have_rates_for_the_schedule(name: str) -> None:
    kinds, made = groups()
    optimizer = OPTIMIZERS[name](kinds, learning_rate=0.25, heads=2.0, frontend=0.5)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == [0.125, 0.25, 0.5]
    assert optimizer.param_groups[0]["lr"] == 0.25, "the curve of the learning rate is that of the backbone"
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(made)


def test_a_frozen_backbone_leaves_the_heads(name: str) -> None:
    kinds, _ = groups()
    kinds[0]["params"] = kinds[2]["params"] = []
    assert {group["lr"] for group in OPTIMIZERS[name](kinds, learning_rate=0.1, heads=3.0).param_groups} == {0.1 * 3.0}


@pytest.mark.parametrize("option", ["learning_rate", "heads", "frontend", "weight_decay"])
def test_rates_below_nothing(name: str, option: str) -> None:
    with pytest.raises(RecipeError, match=rf"\[optimizer\] {option} is 0 or more, got -0\.1"):
        OPTIMIZERS[name](groups()[0], **{option: -0.1})
