"""What each sampler promises beyond the contract."""

from collections import Counter

import numpy as np
import pytest

from terrakin.errors import RecipeError
from terrakin.training.samplers.balanced import Balanced
from terrakin.training.samplers.pk import PK
from terrakin.training.samplers.shuffled import Shuffled

LABELS = np.repeat(np.arange(5), [3, 10, 4, 7, 6]).astype(np.int64)


def test_shuffled_gives_each_image_once_an_epoch() -> None:
    sampler = Shuffled(LABELS, 10, 0)
    for epoch in range(3):
        rows = np.concatenate([sampler.rows(epoch * 3 + step) for step in range(3)])
        assert sorted(rows.tolist()) == list(range(30))


def test_shuffled_leaves_out_a_short_last_batch() -> None:
    sampler = Shuffled(LABELS, 8, 0)
    rows = np.concatenate([sampler.rows(step) for step in range(sampler.steps)])
    assert (sampler.steps, len(rows), len(set(rows.tolist()))) == (3, 24, 24)


def test_shuffled_makes_one_batch_of_less_than_a_batch() -> None:
    sampler = Shuffled(LABELS, 64, 0)
    assert sampler.steps == 1
    assert sorted(sampler.rows(5).tolist()) == list(range(30))


def test_balanced_deals_every_class_once_a_round() -> None:
    sampler = Balanced(LABELS, 4, 0)
    dealt = LABELS[np.concatenate([sampler.rows(step) for step in range(50)])]
    for turn in dealt.reshape(-1, 5):
        assert sorted(turn.tolist()) == [0, 1, 2, 3, 4]


def test_balanced_gives_images_of_a_class_equally_often() -> None:
    sampler = Balanced(LABELS, 5, 0)
    come = Counter(np.concatenate([sampler.rows(step) for step in range(3 * 10 * 4 * 7)]).tolist())
    for label in range(5):
        assert len({come[row] for row in np.flatnonzero(np.equal(LABELS, label)).tolist()}) == 1


def test_pk_is_classes_with_images_of_each() -> None:
    sampler = PK(LABELS, 12, 0, classes_per_batch=3, images_per_class=4)
    for step in range(40):
        rows = sampler.rows(step)
        blocks = LABELS[rows].reshape(3, 4)
        assert (blocks == blocks[:, :1]).all()
        assert len(set(blocks[:, 0].tolist())) == 3
        for label, block in zip(blocks[:, 0], rows.reshape(3, 4), strict=True):
            assert len(set(block.tolist())) == min(4, np.equal(LABELS, label).sum())


def test_pk_works_out_the_classes() -> None:
    assert np.array_equal(PK(LABELS, 12, 0).rows(9), PK(LABELS, 12, 0, classes_per_batch=3, images_per_class=4).rows(9))


@pytest.mark.parametrize(
    ("batch", "options", "words"),
    [
        (10, {}, r"a batch of 10 is not 2 classes x 4 images; change the batch to 8, or classes_per_batch or images_per_class"),
        (
            12,
            {"classes_per_batch": 4, "images_per_class": 4},
            "a batch of 12 is not 4 classes x 4 images; change the batch to 16",
        ),
        (24, {}, "classes_per_batch is 6, but the training images are of 5 classes; take more images_per_class"),
        (4, {"images_per_class": 0}, "images_per_class must be at least 1, got 0"),
    ],
)
def test_pk_says_what_does_not_fit(batch: int, options: dict[str, int], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        PK(LABELS, batch, 0, **options)
