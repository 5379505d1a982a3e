"""Parts of the images: every row in one, none moved by others."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.errors import RecipeError
from terrakin.training.images import Images
from terrakin.training.split import split


def images(counts: dict[str, int]) -> Images:
    ids = [f"{name}/{number}.png" for name, count in counts.items() for number in range(count)]
    labels = np.repeat(np.arange(len(counts)), list(counts.values())).astype(np.int64)
    pixels = np.zeros((len(ids), 1, 1, 1), np.uint8)
    return Images(tuple(ids), pixels, labels, tuple(counts), ("grey",), "0")


COUNTS = st.lists(st.integers(1, 30), min_size=2, max_size=5).map(lambda all_: {f"class {n}": c for n, c in enumerate(all_)})


@given(counts=COUNTS, share=st.floats(0, 0.99), out=st.integers(0, 4))
def test_every_row_is_in_one_part_and_every_trained_class_trains(counts: dict[str, int], share: float, out: int) -> None:
    held = images(counts)
    left_out = [name for number, name in enumerate(counts) if number == out and len(counts) > 2]
    parts = split(held, validation=share, left_out=left_out)
    together = np.concatenate([parts.train, parts.validation, parts.left_out])
    assert sorted(together.tolist()) == list(range(len(held.ids)))
    for part in (parts.train, parts.validation, parts.left_out):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
    assert {held.classes[label] for label in held.labels[parts.left_out]} == set(left_out)
    assert {held.classes[label] for label in held.labels[parts.train]} == set(counts) - set(left_out)


def test_the_share_is_met_on_average() -> None:
    parts = split(images({"a": 3000, "b": 3000}), validation=0.2)
    assert len(parts.validation) == pytest.approx(1200, abs=100)


def test_no_share_leaves_everything_to_train() -> None:
    parts = split(images({"a": 3, "b": 4}))
    assert (len(parts.train), len(parts.validation), len(parts.left_out)) == (7, 0, 0)


def test_more_images_move_none() -> None:
    def validates(counts: dict[str, int]) -> set[str]:
        held = images(counts)
        return {held.ids[row] for row in split(held, validation=0.3).validation}

    few, many = validates({"a": 40, "b": 40}), validates({"a": 90, "b": 60, "c": 50})
    assert {name for name in many if name[0] != "c" and int(name[2:-4]) < 40} == few


def test_an_unknown_class_is_told_with_the_nearest() -> None:
    with pytest.raises(
        RecipeError, match=r"no class 'harbour' to leave out; did you mean 'harbor'\? The images are of harbor, "
    ):
        split(images({"harbor": 2, "forest": 2}), left_out=["harbour"])


def test_two_classes_must_be_left() -> None:
    with pytest.raises(RecipeError, match="training needs two classes, but of 3 all but 1 are left out; leave out fewer"):
        split(images({"a": 2, "b": 2, "c": 2}), left_out=["a", "c"])


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_is_below_one(share: float) -> None:
    with pytest.raises(RecipeError, match="at least 0 and below 1, got"):
        split(images({"a": 2, "b": 2}), validation=share)


@given(counts=COUNTS, share=st.floats(0, 0.99), guessed=st.integers(0, 20))
def test_guesses_only_train_and_move_nothing(counts: dict[str, int], share: float, guessed: int) -> None:
    sure = images(counts)
    count, labels = len(sure.ids), np.zeros(guessed, np.int64)
    ids = (*sure.ids, *(f"guess {number}" for number in range(guessed)))
    pixels = np.zeros((len(ids), 1, 1, 1), np.uint8)
    more = replace(sure, ids=ids, pixels=pixels, labels=np.concatenate([sure.labels, labels]), guessed=guessed)
    before, after = split(sure, validation=share), split(more, validation=share)
    assert np.array_equal(before.validation, after.validation)
    assert np.array_equal(after.train, [*before.train, *range(count, count + guessed)])
