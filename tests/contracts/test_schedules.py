"""What every schedule must do."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.training.schedules import SCHEDULES

pytestmark = pytest.mark.parametrize("name", sorted(SCHEDULES))


@given(epochs=st.integers(1, 30), steps_an_epoch=st.integers(1, 50), warmup=st.floats(0, 3))
def test_factors_are_from_0_to_1(name: str, epochs: int, steps_an_epoch: int, warmup: float) -> None:
    factor = SCHEDULES[name](epochs * steps_an_epoch, steps_an_epoch, warmup=warmup)
    factors = [factor(step) for step in range(epochs * steps_an_epoch)]
    assert all(0 <= value <= 1 and math.isfinite(value) for value in factors)
    assert factors[0] > 0, "a first step at a rate of 0 would be lost"


def test_it_is_a_pure_function_of_the_step(name: str) -> None:
    one, other = (SCHEDULES[name](40, 4, warmup=1.0) for _ in range(2))
    assert [one(step) for step in range(40)] == [other(step) for step in reversed(range(40))][::-1]


def test_the_warm_up_is_a_straight_rise_to_the_full_rate(name: str) -> None:
    factor = SCHEDULES[name](400, 4, warmup=2.0)
    assert [factor(step) for step in range(8)] == [pytest.approx((step + 1) / 8) for step in range(8)]
    assert factor(8) == pytest.approx(1, abs=0.01)


def test_without_one_it_starts_at_the_full_rate(name: str) -> None:
    assert SCHEDULES[name](40, 4)(0) == 1
