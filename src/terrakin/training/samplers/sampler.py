"""The protocol of samplers: which images make a batch."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import RecipeError

__all__ = ["Sampler", "checked", "drawn", "of_one_class"]

_STREAM = 0x5A3B1E
# Augmentation draws from the streams (seed, step): a third, fixed number keeps these apart from them.


class Sampler(Protocol):
    """Made with `(labels, batch, seed, **options)`: labels of the training images, images a batch, and a seed.

    Labels are (n,) int64, or (n, classes) bool for sets of them.
    """

    @property
    def steps(self) -> int:
        """Steps of an epoch, at least 1."""

    def rows(self, step: int) -> NDArray[np.int64]:
        """(B,) positions in `labels`; step 0 is the first of the run.

        A pure function of seed and step: it may be called in any order, from any thread, in any process.
        """


def checked(labels: NDArray[np.int64], batch: int) -> NDArray[np.int64]:
    """The labels, if batches can be made of them.

    Raises:
        RecipeError: if not.
    """
    if batch < 1:
        raise RecipeError(f"a batch holds at least 1 image, got {batch}")
    if not len(labels):
        raise RecipeError("there is no image to train on; lower the share of validation images")
    return labels


def of_one_class(labels: NDArray[np.int64], batch: int) -> NDArray[np.int64]:
    """What `checked` gives, if images are of one class each.

    Raises:
        RecipeError: if not.
    """
    if labels.ndim != 1:
        raise RecipeError(
            "this sampler deals images class by class, and these have sets of labels; choose the sampler shuffled"
        )
    return checked(labels, batch)


def drawn(seed: int, *of: int) -> np.random.Generator:
    """The generator for whatever is drawn for `of`, such as the number of an epoch; always the same one."""
    return np.random.default_rng((_STREAM, seed, *of))
