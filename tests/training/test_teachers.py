"""Teachers: what they say of images, kept and made anew."""

import dataclasses
import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.errors import RecipeError, TrainingError
from terrakin.training import teachers as module
from terrakin.training.images import Images
from terrakin.training.recipe import Teacher
from terrakin.training.teachers import read_targets, targets, views

ROWS = np.arange(16, 32)
"""Of the images: those that train."""


class TestViews:
    def test_the_eight_are_all_there_are(self) -> None:
        corners = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
        seen = {view.tobytes() for view in views(corners, 8)}
        assert len(seen) == 8
        # The square has eight symmetries: by hand, where the corners 0 1 / 2 3 come to lie.
        orders = ["0123", "1302", "3210", "2031", "1032", "3120", "2301", "0213"]
        assert seen == {np.array([*map(int, order)], np.float32).tobytes() for order in orders}

    def test_fewer_are_turns_or_a_mirror_image(self) -> None:
        corners = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)

        def order(number: int) -> list[str]:
            return ["".join(str(int(corner)) for corner in view.ravel()) for view in views(corners, number)]

        assert order(1) == ["0123"]
        assert order(2) == ["0123", "1032"]
        assert order(4) == ["0123", "1302", "3210", "2031"]

    @given(
        values=some.arrays(np.float32, (2, 3, 4, 4), elements=st.floats(0, 1, width=32)), number=st.sampled_from([1, 2, 4, 8])
    )
    def test_they_lose_nothing(self, values: np.ndarray, number: int) -> None:
        found = views(values, number)
        assert len(found) == number
        assert np.array_equal(found[0], values)
        for view in found:
            assert view.shape == values.shape
            assert np.array_equal(np.sort(view, axis=None), np.sort(values, axis=None))


def by_loops(bundle: Bundle, images: Images, teacher: Teacher) -> np.ndarray:
    """What a teacher says, image by image and view by view; principal components from a singular value decomposition."""
    import torch

    said = []
    for picture in images.pixels:
        pixels = torch.from_numpy(picture / np.float32(255)).permute(2, 0, 1)[None]
        side = teacher.pixels or bundle.passport.input_size
        small = torch.nn.functional.interpolate(pixels, (side, side), mode="bicubic", antialias=True).clamp(0, 1).numpy()
        unit = []
        for turns in range(4 if teacher.views >= 4 else 1):
            turned = np.rot90(small, turns, (2, 3))
            for view in (turned, turned[..., ::-1]) if teacher.views in (2, 8) else (turned,):
                (row,) = bundle.raw(np.ascontiguousarray(view))
                unit.append(row / np.linalg.norm(row))
        said.append(np.mean(unit, axis=0))
    rows = np.array(said, np.float64)
    if teacher.whiten is not None:
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        apart = rows[ROWS].copy()
        for label in range(len(images.classes)):
            mine = images.labels[ROWS] == label
            apart[mine] -= apart[mine].mean(axis=0)
        scatter = apart.T @ apart / len(apart)
        values, vectors = np.linalg.eigh(scatter + teacher.whiten * np.trace(scatter) / len(scatter) * np.eye(len(scatter)))
        rows = (rows - rows[ROWS].mean(axis=0)) @ vectors @ np.diag(values**-0.5) @ vectors.T
    mean = rows[ROWS].mean(axis=0) if teacher.centre else 0
    components = np.linalg.svd(rows[ROWS] - mean)[2][: teacher.size]
    projected = (rows - mean) @ components.T
    return projected / np.linalg.norm(projected, axis=1, keepdims=True)


@pytest.fixture
def teacher(tiny_bundle: Path) -> Callable[..., Teacher]:
    return lambda **options: Teacher(str(tiny_bundle), **{"size": 5, **options})


@pytest.mark.parametrize(
    "options",
    [
        {"views": 1},
        {"views": 2},
        {"views": 4},
        {},
        {"centre": False},
        {"whiten": 0.3},
        {"whiten": 0.3, "centre": False, "size": 3},
    ],
)
def test_targets_are_what_plain_loops_give(images, teacher, tiny_bundle, tmp_path, options) -> None:
    chosen = teacher(**options)
    (found,) = targets([chosen], images, ROWS, tmp_path)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    wanted = by_loops(open_bundle(tiny_bundle), images, chosen)
    # Components have no sign of their own.
    signs = np.sign((found * wanted).sum(axis=0))
    np.testing.assert_allclose(found, wanted * signs, atol=2e-3)


def test_each_component_points_where_it_is_largest(images, teacher, tmp_path) -> None:
    """So that targets do not depend on the signs that a linear algebra library happens to give."""
    (one,) = targets([teacher()], images, ROWS, tmp_path)
    eigh = np.linalg.eigh
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np.linalg, "eigh", lambda matrix: (eigh(matrix)[0], -eigh(matrix)[1]))
        (other,) = targets([teacher()], images, ROWS, tmp_path)
    np.testing.assert_array_equal(one, other)


def test_turned_images_get_the_same_targets(images, teacher, tmp_path) -> None:
    """What an average over the eight views is for."""
    turned = Images(images.ids, np.rot90(images.pixels, axes=(1, 2)), images.labels, images.classes, images.bands, "turned")
    (plain,), (other,) = (targets([teacher()], some, ROWS, tmp_path) for some in (images, turned))
    np.testing.assert_allclose(plain, other, atol=1e-3)


class TestKeeping:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Grows by one for each call of a teacher."""
        calls: list[int] = []
        raw = Bundle.raw
        monkeypatch.setattr(Bundle, "raw", lambda self, values: (calls.append(len(values)), raw(self, values))[1])
        return calls

    def test_what_was_said_is_not_asked_again(self, images, teacher, tmp_path, asked) -> None:
        told = []
        (first,) = targets([teacher()], images, ROWS, tmp_path, progress=lambda done, total: told.append((done, total)))
        count = len(asked)
        assert (count, told[-1]) == (32, (32, None))
        # Size, centre and whitening are applied to what was kept.
        for options in ({}, {"size": 3}, {"centre": False}, {"whiten": 0.1}):
            targets([teacher(**options)], images, ROWS, tmp_path)
        (again,) = targets([teacher()], images, ROWS, tmp_path)
        assert len(asked) == count
        np.testing.assert_array_equal(first, again)
        assert len(list(tmp_path.glob("teacher-*"))) == 1

    def test_other_images_views_or_sizes_are_asked_about(self, images, some_images, teacher, tmp_path, asked) -> None:
        targets([teacher()], images, ROWS, tmp_path)
        for number, (others, options) in enumerate([(images, {"views": 1}), (some_images(seed=1), {})]):
            before = len(asked)
            targets([teacher(**options)], others, ROWS, tmp_path)
            assert len(asked) > before
            assert len(list(tmp_path.glob("teacher-*"))) == 2 + number

    @pytest.mark.parametrize("damage", [b"", b"text", "half", "other shape", "other type", "other names"])
    def test_a_broken_file_is_made_again(self, images, teacher, tmp_path, asked, damage) -> None:
        (first,) = targets([teacher()], images, ROWS, tmp_path)
        (file,) = tmp_path.glob("teacher-*")
        whole, count = file.read_bytes(), len(asked)
        if isinstance(damage, bytes):
            file.write_bytes(damage)
        elif damage == "half":
            file.write_bytes(whole[: len(whole) // 2])
        else:
            rows = {"other shape": np.ones((32, 3), np.float32), "other type": np.ones((32, 48))}.get(damage, np.ones(3))
            np.savez(file, **{"others" if damage == "other names" else "embeddings": rows})
        (again,) = targets([teacher()], images, ROWS, tmp_path)
        assert len(asked) == 2 * count
        np.testing.assert_array_equal(first, again)
        assert file.read_bytes() == whole

    def test_a_kill_leaves_no_half_file(self, images, teacher, tmp_path, asked, monkeypatch) -> None:
        class KilledError(BaseException):
            pass

        def die(file, **arrays: object) -> None:
            file.write(b"half")
            raise KilledError

        with monkeypatch.context() as patch:
            patch.setattr(np, "savez", die)
            with pytest.raises(KilledError):
                targets([teacher()], images, ROWS, tmp_path)
        assert not list(tmp_path.glob("*.npz"))
        count = len(asked)
        targets([teacher()], images, ROWS, tmp_path)
        assert len(asked) == count, "every row was there already"
        assert [file.suffix for file in tmp_path.glob("teacher-*")] == [".npz"]

    def test_a_full_disk_is_told(self, images, teacher, tmp_path, monkeypatch) -> None:
        def full(file, **arrays: object) -> None:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(np, "savez", full)
        with pytest.raises(TrainingError, match=r"cannot write .*teacher-\w+\.npz: No space left on device; make room"):
            targets([teacher()], images, ROWS, tmp_path)
        assert [file.suffix for file in tmp_path.glob("teacher-*")] == [".part"], "what was said is kept"

    @pytest.mark.parametrize("workers", [1, 3])
    def test_a_stop_costs_the_block_at_hand(self, images, some_images, teacher, tmp_path, monkeypatch, workers) -> None:
        (whole,) = targets([teacher(views=1)], images, ROWS, tmp_path)
        (file,) = tmp_path.glob("teacher-*")
        wanted = file.read_bytes()
        file.unlink()
        raw, calls = Bundle.raw, iter([1, 1, 0])
        monkeypatch.setattr(Bundle, "raw", lambda self, values: raw(self, values) if next(calls, 0) else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            targets([teacher(views=1)], images, ROWS, tmp_path, workers=workers)
        assert [one.suffix for one in tmp_path.glob("teacher-*")] == [".part"]
        asked: list[int] = []
        monkeypatch.setattr(Bundle, "raw", lambda self, values: (asked.append(len(values)), raw(self, values))[1])
        told: list[int] = []
        (found,) = targets([teacher(views=1)], images, ROWS, tmp_path, progress=lambda done, total: told.append(done))
        # With one thread exactly two blocks of four were kept; with more, a later one may have failed in place of an earlier.
        assert asked == [8, 8] if workers == 1 else len(asked) >= 2
        assert told == [24, 32] if workers == 1 else told[-1] == 32
        assert [one.name for one in tmp_path.glob("teacher-*")] == [file.name]
        assert file.read_bytes() == wanted
        np.testing.assert_array_equal(found, whole)

    def test_workers_change_nothing(self, images, teacher, tmp_path) -> None:
        found = []
        for workers in (1, 3):
            (tmp_path / str(workers)).mkdir()
            found += targets([teacher()], images, ROWS, tmp_path / str(workers), workers=workers)
        np.testing.assert_array_equal(*found)


def test_several_teachers_in_their_order(images, teacher, tmp_path) -> None:
    told = []
    found = targets(
        [teacher(), teacher(size=3, views=1)], images, ROWS, tmp_path, progress=lambda done, total: told.append(done)
    )
    assert [one.shape for one in found] == [(32, 5), (32, 3)]
    assert told == sorted(told)
    assert told[-1] == 64


def test_targets_that_were_carried_are_read(tmp_path: Path) -> None:
    some = [np.full((2, size), size, np.float32) for size in range(1, 12)]
    np.savez(tmp_path / "targets.npz", **{str(number): one for number, one in enumerate(some)})
    for one, wanted in zip(read_targets(tmp_path / "targets.npz"), some, strict=True):
        np.testing.assert_array_equal(one, wanted)


class TestRefusals:
    def test_of_bands_in_another_order(self, images, teacher, tmp_path) -> None:
        turned = dataclasses.replace(images, bands=images.bands[::-1])
        with pytest.raises(RecipeError, match="reads red, green, blue; the images have blue, green, red"):
            targets([teacher()], turned, ROWS, tmp_path)

    def test_of_other_bands(self, some_images, teacher, tmp_path) -> None:
        words = r"\[\[teacher\]\] 0 .*tiny reads red, green, blue; the images have red, green, blue, nir"
        with pytest.raises(RecipeError, match=words):
            targets([teacher()], some_images(bands=4), ROWS, tmp_path)

    def test_of_more_dimensions_than_there_are(self, images, teacher, tmp_path) -> None:
        words = r"\[\[teacher\]\] 1: size = 49 is more than the 48 dimensions of .*tiny, or than the 16 images that train"
        with pytest.raises(RecipeError, match=words):
            targets([teacher(), teacher(size=49)], images, ROWS, tmp_path)
        with pytest.raises(RecipeError, match=r"size = 17 is more than"):
            targets([teacher(size=17)], images, ROWS, tmp_path)

    def test_nothing_is_asked_before_all_are_checked(self, images, teacher, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(module, "_embeddings", lambda *arguments: pytest.fail("the first teacher was asked"))
        with pytest.raises(RecipeError, match=r"\[\[teacher\]\] 1: size"):
            targets([teacher(), teacher(size=49)], images, ROWS, tmp_path)
