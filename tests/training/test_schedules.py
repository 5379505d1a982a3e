"""How each schedule goes; what all do is in their contract."""

import math

import pytest

from terrakin.errors import RecipeError
from terrakin.training.schedules import constant, cosine, steps


def test_constant_stays() -> None:
    factor = constant(20, 4)
    assert {factor(step) for step in range(20)} == {1.0}


def test_cosine_falls_to_its_last() -> None:
    factor = cosine(100, 10, last=0.2)
    values = [factor(step) for step in range(101)]
    assert values == sorted(values, reverse=True)
    assert (values[0], values[50], values[100]) == (1, pytest.approx(0.6), pytest.approx(0.2))
    assert values[25] == pytest.approx(0.2 + 0.8 * (1 + math.cos(math.pi / 4)) / 2)


def test_cosine_falls_after_its_warm_up() -> None:
    factor = cosine(110, 10, warmup=1.0)
    assert (factor(10), factor(60), factor(110)) == (1, pytest.approx(0.5), pytest.approx(0))


def test_cosine_that_is_all_warm_up() -> None:
    assert [cosine(3, 1, warmup=9.0)(step) for step in range(3)] == [pytest.approx((step + 1) / 9) for step in range(3)]


def test_steps_fall_after_their_epochs() -> None:
    factor = steps(40, 4, after=[5, 7.5], factor=0.5)
    assert [factor(step) for step in (0, 19, 20, 29, 30, 39)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert steps(40, 4)(39) == 1


@pytest.mark.parametrize("after", [(7, 5), (10,), (3, 12)])
def test_epochs_that_are_none(after: tuple[float, ...]) -> None:
    with pytest.raises(RecipeError, match=r"\[schedule\] after names epochs in order, before the last, got \["):
        steps(40, 4, after=after)
