"""Smooth random fields."""

import numpy as np
import pytest

from terrakin.datasets.generated.noise import smooth_noise


@pytest.mark.parametrize("octaves", [1, 3])
def test_is_standardised(octaves: int) -> None:
    field = smooth_noise((300, 400), 8, np.random.default_rng(1), octaves=octaves)
    assert (field.shape, field.dtype) == ((300, 400), np.float32)
    assert float(field.mean()) == pytest.approx(0, abs=0.1)
    assert float(field.std()) == pytest.approx(1, abs=0.15)


def test_longer_periods_vary_more_slowly() -> None:
    short, long = (smooth_noise((200, 200), period, np.random.default_rng(2)) for period in (4, 40))
    assert np.abs(np.diff(long)).mean() < np.abs(np.diff(short)).mean() / 4


def test_the_generator_decides() -> None:
    one, same, other = (smooth_noise((20, 20), 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
