"""Hash functions that are fitted in torch and applied without it."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError
from terrakin.hashing.hasher import Hasher
from terrakin.progress import Progress
from terrakin.registry import require

__all__ = ["fit_with_torch", "must_fill_layers"]


def fit_with_torch(
    name: str,
    options: Any,
    vectors: NDArray[np.float32],
    labels: Sequence[Sequence[str]],
    *,
    bits: int,
    seed: int,
    progress: Progress,
) -> Hasher:
    """Fit by `terrakin.training.hashing.NAME`, which lies above this folder and is therefore found by its name.

    Raises:
        MissingExtraError: if torch is not installed.
        HashingError: if a vector has several labels, a class has one vector, or all vectors are the same.
    """
    require("torch", extra="train")
    names = sorted({label for several in labels for label in several})
    if several := next((one for one in labels if len(one) > 1), None):
        raise HashingError(
            f"{name} learns from one class a vector, got {' and '.join(map(repr, several))}; choose kslsh for several labels"
        )
    if (vectors == vectors[0]).all():
        raise HashingError(f"cannot fit {name}: all {len(vectors)} vectors are the same")
    classes = np.array([names.index(one[0]) for one in labels], np.int64)
    counts = np.bincount(classes)
    if counts.min() < 2:
        raise HashingError(
            f"{name} compares vectors of a class, and {names[counts.argmin()]} has one; give it two or leave it out"
        )
    module = importlib.import_module(f"terrakin.training.hashing.{name}")
    hasher: Hasher = module.fit(options, vectors, classes, bits=bits, seed=seed, progress=progress)
    return hasher


def must_fill_layers(width: int, depth: int) -> None:
    """Refuse layers of which the last, with half as many units as the one before it, would have none.

    Raises:
        ValueError: if it would.
    """
    if depth and width >> (depth - 1) < 1:
        raise ValueError(
            f"{depth} layers, each half as wide as the one before, need a width of {1 << (depth - 1)}, got {width}"
        )
