"""Batches of a run, prepared by threads while the network trains on those before."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrakin.training.ahead import ahead
from terrakin.training.augment import Augmentation, augment
from terrakin.training.images import Images
from terrakin.training.samplers.sampler import Sampler

__all__ = ["Batch", "batches"]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step trains on."""

    step: int
    """Number of the step, from 0, counted over all epochs."""
    rows: NDArray[np.int64]
    """(B,) rows of the images, as in `Images`."""
    pixels: Tensor
    """(B, C, size, size) float32 in [0, 1], channels last in memory, not normalised."""
    labels: Tensor
    """(B,) int64, or (B, classes) bool, as in `Images`."""


def batches(
    images: Images,
    rows: NDArray[np.int64],
    sampler: Sampler,
    *,
    augmentation: Augmentation,
    size: Callable[[int], int],
    seed: int,
    first: int,
    last: int,
    workers: int,
) -> Generator[Batch]:
    """The batches of steps `first` to `last` (not included), in order.

    A batch depends on the seed and the number of its step alone: not on where the run began, nor on how many threads prepare.

    Args:
        images: where pixels and labels are.
        rows: (n,) rows that are trained on; the sampler's rows are positions in these.
        sampler: says what is in a step.
        augmentation: what is drawn for each image.
        size: number of a step to the side of its pixels.
        seed: of the augmentation.
        first: number of the first step.
        last: number after that of the last step.
        workers: threads that prepare, each at most two steps ahead; with 0 a batch is made when it is asked for.
    """

    def prepare(step: int) -> Batch:
        chosen = rows[sampler.rows(step)]
        pixels = augment(np.asarray(images.pixels[chosen]), size(step), augmentation, np.random.default_rng((seed, step)))
        return Batch(step, chosen, pixels, torch.from_numpy(images.labels[chosen]))

    return ahead(prepare, range(first, last), workers=workers)
