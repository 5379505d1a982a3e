"""Labelled chips small enough to check by hand, and plain loops to check them with."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from terrakin.evaluation.labelled import Labelled
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

MakeLabelled = Callable[..., Labelled]


@pytest.fixture(scope="session")
def on_a_line() -> MakeLabelled:
    """Chips on a line, compared by Euclidean distance: ids, labels and coordinates."""

    def make(ids: Sequence[str], labels: Sequence[Any], at: Sequence[float], **more: Any) -> Labelled:
        space = Space("l2", 1)
        sets = [(one,) if isinstance(one, str) else tuple(one) for one in labels]
        return Labelled(ids, sets, pack(space, np.array(at, dtype=float)[:, None]), space, **more)

    return make


@pytest.fixture(scope="session")
def clusters() -> MakeLabelled:
    """Noisy clusters of `size` chips a class."""

    def make(
        classes: int = 4,
        size: int = 10,
        *,
        kind: Any = "cosine",
        dims: int = 16,
        noise: float = 1.0,
        seed: int = 0,
        **more: Any,
    ):
        rng = np.random.default_rng(seed)
        numbers = np.repeat(np.arange(classes), size)
        vectors = rng.normal(size=(classes, dims))[numbers] + noise * rng.normal(size=(len(numbers), dims))
        space = Space(kind, dims)
        ids = [f"c{number:02d}/{i:04d}.jpg" for i, number in enumerate(numbers)]
        return Labelled(ids, [(f"c{number:02d}",) for number in numbers], pack(space, vectors), space, **more)

    return make
