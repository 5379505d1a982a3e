"""Which images get a label of a network, and what the student is given."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from terrakin.training.images import Images
from terrakin.training.joined import Joined
from terrakin.training.pseudo_labels import PseudoLabels, choose, with_pseudo_labels


def logits(*probabilities: tuple[float, ...]) -> np.ndarray:
    """Logits whose softmax is this."""
    return np.log(np.array(probabilities)).astype(np.float32) + np.float32(7)


def test_the_largest_probability_must_be_above_the_threshold() -> None:
    chosen = choose(logits((0.9, 0.05, 0.05), (0.1, 0.86, 0.04), (0.84, 0.1, 0.06), (1 / 3, 1 / 3, 1 / 3)), 0.85)
    assert chosen.rows.tolist() == [0, 1]
    assert chosen.labels.tolist() == [0, 1]
    assert (chosen.rows.dtype, chosen.labels.dtype) == (np.int64, np.int64)


def test_one_that_equals_it_is_not_above() -> None:
    even = np.zeros((1, 2), np.float32)  # exactly a half each
    assert choose(even, 0.5).rows.tolist() == []
    assert choose(even, math.nextafter(0.5, 0)).rows.tolist() == [0]
    assert choose(even, 0.0).labels.tolist() == [0], "of equal ones the first"


def test_classes_that_never_trained_are_never_guessed() -> None:
    values = logits((0.5, 0.45, 0.05))
    assert choose(values, 0.85).rows.tolist() == []
    assert choose(values, 0.85, never=[0]).labels.tolist() == [1]


def test_large_logits_do_no_harm() -> None:
    chosen = choose(np.array([[1e4, -1e4, 0], [-1e30, 0, 1e30]], np.float32), 0.99)
    assert chosen.labels.tolist() == [0, 2]


@given(values=arrays(np.float32, (7, 4), elements=st.floats(-20, 20, width=32)), threshold=st.floats(0, 0.999))
def test_it_is_the_softmax_row_by_row(values: np.ndarray, threshold: float) -> None:
    chosen = choose(values, threshold)
    for row, line in enumerate(values.tolist()):
        total = sum(math.exp(value) for value in line)
        probabilities = [math.exp(value) / total for value in line]
        if abs(max(probabilities) - threshold) > 1e-9:
            assert (row in chosen.rows) == (max(probabilities) > threshold)
    assert np.array_equal(chosen.labels, values[chosen.rows].argmax(axis=1))


class TestJoin:
    def test_labelled_images_come_first(self, some_images: Callable[..., Images]) -> None:
        images, pool = some_images(count=8), some_images(count=12, classes=3, seed=1)
        joined = with_pseudo_labels(images, pool, PseudoLabels(np.array([2, 11]), np.array([3, 0])))
        assert isinstance(joined.pixels, Joined)
        assert np.array_equal(joined.pixels[:], np.concatenate([images.pixels, pool.pixels[[2, 11]]]))
        assert joined.labels.tolist() == [*images.labels.tolist(), 3, 0]
        assert joined.ids[8:] == (f"pool:{pool.ids[2]}", f"pool:{pool.ids[11]}")
        assert (joined.classes, joined.guessed) == (images.classes, 2)

    def test_other_guesses_are_other_images(self, some_images: Callable[..., Images]) -> None:
        images, pool = some_images(count=8), some_images(count=12, seed=1)
        guesses = [([2, 11], [3, 0]), ([2, 11], [3, 1]), ([2, 10], [3, 0]), ([2], [3])]
        digests = {
            with_pseudo_labels(images, pool, PseudoLabels(np.array(rows), np.array(labels))).digest for rows, labels in guesses
        }
        other = with_pseudo_labels(images, replace(pool, digest="x"), PseudoLabels(np.array([2]), np.array([3]))).digest
        assert len({*digests, other, images.digest}) == 6

    def test_images_of_other_bands_or_sizes(self, some_images: Callable[..., Images]) -> None:
        none = PseudoLabels(np.array([0]), np.array([0]))
        with pytest.raises(ValueError, match="the pool has red, green, blue, nir, the labelled images red, green, blue"):
            with_pseudo_labels(some_images(), some_images(bands=4), none)
        with pytest.raises(ValueError, match="cannot be joined"):
            with_pseudo_labels(some_images(), some_images(side=32), none)
