"""Batches: the same whoever prepares them, from wherever the run begins."""

import threading

import numpy as np
import pytest
import torch

from terrakin.training.augment import Augmentation
from terrakin.training.batches import Batch, batches
from terrakin.training.images import Images
from terrakin.training.samplers.shuffled import Shuffled

COUNT = 40
PIXELS = np.random.default_rng(0).integers(0, 256, (COUNT, 12, 12, 3), np.uint8)
IMAGES = Images(
    tuple(map(str, range(COUNT))), PIXELS, np.arange(COUNT, dtype=np.int64) % 4, tuple("abcd"), ("red", "green", "blue"), "0"
)
ROWS = np.arange(1, COUNT, 2)
SAMPLER = Shuffled(IMAGES.labels[ROWS], 6, 0)
SOME = Augmentation(crop=(0.5, 1), turns=True, gain=0.1)


def made(*, first: int, last: int, workers: int, seed: int = 7, augmentation: Augmentation = SOME) -> list[Batch]:
    steps = {"first": first, "last": last, "workers": workers}
    return list(batches(IMAGES, ROWS, SAMPLER, augmentation=augmentation, size=lambda step: 8, seed=seed, **steps))


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_do_not_depend_on_the_workers(workers: int) -> None:
    for ours, theirs in zip(made(first=0, last=9, workers=0), made(first=0, last=9, workers=workers), strict=True):
        assert ours.step == theirs.step
        assert np.array_equal(ours.rows, theirs.rows)
        assert torch.equal(ours.pixels, theirs.pixels)
        assert torch.equal(ours.labels, theirs.labels)


def test_a_run_that_goes_on_sees_what_it_would_have_seen() -> None:
    whole, rest = made(first=0, last=8, workers=2), made(first=5, last=8, workers=2)
    assert [batch.step for batch in rest] == [5, 6, 7]
    assert all(torch.equal(ours.pixels, theirs.pixels) for ours, theirs in zip(whole[5:], rest, strict=True))


def test_a_batch_is_the_images_of_its_rows() -> None:
    for batch in made(first=0, last=5, workers=0, augmentation=Augmentation(bias=0.0)):
        assert set(batch.rows.tolist()) <= set(ROWS.tolist())
        assert batch.labels.tolist() == IMAGES.labels[batch.rows].tolist()
        assert batch.pixels.shape == (6, 3, 8, 8)
        means = PIXELS[batch.rows].mean((1, 2)) / 255
        assert np.abs(batch.pixels.mean((2, 3)).numpy() - means).max() < 0.05


def test_another_seed_augments_otherwise() -> None:
    ours, theirs = made(first=0, last=1, workers=0)[0], made(first=0, last=1, workers=0, seed=8)[0]
    assert np.array_equal(ours.rows, theirs.rows)
    assert not torch.equal(ours.pixels, theirs.pixels)


def test_closing_ends_the_threads() -> None:
    before = threading.active_count()
    feed = batches(IMAGES, ROWS, SAMPLER, augmentation=SOME, size=lambda step: 8, seed=0, first=0, last=1000, workers=2)
    next(feed)
    feed.close()
    assert threading.active_count() == before


def test_an_error_reaches_the_caller() -> None:
    feed = batches(IMAGES, ROWS + COUNT, SAMPLER, augmentation=SOME, size=lambda step: 8, seed=0, first=0, last=9, workers=2)
    with pytest.raises(IndexError):
        next(feed)
