"""The tiny recipe with changes, and images to train it on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terrakin.training.images import Images
from terrakin.training.reading import read_recipe
from terrakin.training.recipe import Recipe

DISTILLING = """
[[loss]]
name = "distillation"
part = 0
teacher = 0
weight = 0.5

[[teacher]]
bundle = "none"
size = 8
"""


@pytest.fixture
def recipe(tiny_recipe: Path) -> Callable[..., Recipe]:
    """The tiny recipe with changes: `recipe("schedule.epochs=2")`; 4 steps an epoch of `images`, 12 in all."""
    return lambda *changes: read_recipe(tiny_recipe, changes)


@pytest.fixture
def distilling(tiny_recipe: Path) -> Callable[..., Recipe]:
    """The same with a teacher besides, whose bundle a change must name."""
    path = tiny_recipe.with_name("distilling.toml")
    path.write_text(tiny_recipe.read_text(encoding="utf-8") + DISTILLING, encoding="utf-8")
    return lambda *changes: read_recipe(path, changes)


@pytest.fixture(scope="session")
def some_images() -> Callable[..., Images]:
    """Noisy copies of one look a class: `some_images(count=32, classes=4, bands=3, side=24, noise=30, seed=0)`."""

    def make(*, count: int = 32, classes: int = 4, bands: int = 3, side: int = 24, noise: float = 30, seed: int = 0) -> Images:
        rng = np.random.default_rng(seed)
        looks = rng.integers(0, 256, (classes, side // 8, side // 8, bands)).repeat(8, axis=1).repeat(8, axis=2)
        labels = np.arange(count, dtype=np.int64) % classes
        pixels = np.clip(looks[labels] + rng.normal(0, noise, (count, side, side, bands)), 0, 255).astype(np.uint8)
        return Images(
            ids=tuple(f"c{label}/{number}.png" for number, label in enumerate(labels)),
            pixels=pixels,
            labels=labels,
            classes=tuple(f"c{label}" for label in range(classes)),
            bands=("red", "green", "blue", "nir")[:bands],
            digest=f"{count}-{classes}-{bands}-{side}-{noise}-{seed}",
        )

    return make


@pytest.fixture
def images(some_images: Callable[..., Images]) -> Images:
    """32 images of 4 classes."""
    return some_images()


@pytest.fixture
def same() -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
    """Whether two sets of named tensors are equal to the bit."""

    def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return list(one) == list(other) and all(
            one[name].dtype == other[name].dtype and one[name].numpy().tobytes() == other[name].numpy().tobytes()
            for name in one
        )

    return compare
