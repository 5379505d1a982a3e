"""Images and parameters for the front-ends' tests, in float64: tolerances are those of formulas and not of rounding."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def draw():
    """Random numbers in [0, 1) of a shape, the same ones at every call with a seed."""
    return lambda *shape, seed=0: torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def close():
    """Assert that no value is off by more than a tolerance."""
    return lambda found, wanted, tolerance: torch.testing.assert_close(found, wanted, rtol=0, atol=tolerance)
