"""Images that fall into regions."""

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture
def image() -> NDArray[np.float64]:
    """(48, 64, 3): three grounds of different colour and roughness."""
    rng = np.random.default_rng(0)
    made = np.empty((48, 64, 3))
    made[:, :30] = (0.2, 0.5, 0.2)
    made[:20, 30:] = (0.7, 0.6, 0.5)
    made[20:, 30:] = (0.1, 0.2, 0.6)
    return np.clip(made + rng.normal(scale=(0.01, 0.02, 0.01), size=made.shape), 0, 1)
