from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from terrakin.regions.describe import describe
from terrakin.regions.describer import Describer
from terrakin.regions.extract import extract, read_picture
from terrakin.regions.segment import segment
from terrakin.regions.squares import Squares


@pytest.fixture
def pictures(tmp_path):
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(paths[-1])
    return paths


def test_descriptors_are_those_of_each_image_in_order(pictures) -> None:
    told = []
    found = extract(pictures, read_picture, Describer(Squares(2)), progress=lambda *said: told.append(said[:2]))
    for path, descriptors in zip(pictures, found, strict=True):
        image = read_picture(path)
        assert np.array_equal(descriptors, describe(image, segment(image, Squares(2))))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_several_processes_give_the_same(pictures) -> None:
    one, two = (extract(pictures, read_picture, Describer(Squares(2)), workers=workers) for workers in (1, 2))
    assert all(map(np.array_equal, one, two))


def test_what_was_described_is_not_described_again(pictures, tmp_path, monkeypatch) -> None:
    describer = Describer(Squares(2), cache=tmp_path / "kept")
    extract(pictures[:2], read_picture, describer)  # and there it was interrupted
    called = []

    def counted(image, labels, **settings):
        called.append(image)
        return describe(image, labels, **settings)

    monkeypatch.setattr("terrakin.regions.describer.describe", counted)
    found = extract(pictures, read_picture, describer)
    assert len(called) == 1
    assert all(map(np.array_equal, found, extract(pictures, read_picture, Describer(Squares(2)))))


def test_other_settings_and_other_images_are_kept_apart(pictures, tmp_path) -> None:
    describer = Describer(Squares(2), cache=tmp_path / "kept")
    image = read_picture(pictures[0])
    others = [
        replace(describer, segmenter=Squares(1)),
        replace(describer, min_area=200),
        replace(describer, bands=("red", "green", "blue")),
    ]
    for other in (describer, *others):
        other(image)
    describer(image.astype(np.float64) / 2)
    assert len(list((tmp_path / "kept").rglob("*.npy"))) == 5


@pytest.mark.parametrize("broken", [b"", b"not numpy", b"\x93NUMPY\x01\x00"])
def test_a_broken_file_is_made_again(pictures, tmp_path, broken) -> None:
    describer = Describer(Squares(2), cache=tmp_path / "kept")
    image = read_picture(pictures[0])
    first = describer(image)
    (kept,) = (tmp_path / "kept").rglob("*.npy")
    kept.write_bytes(broken)
    assert np.array_equal(describer(image), first)
    assert np.array_equal(np.load(kept), first)


def test_a_folder_that_cannot_be_written_costs_time_alone(pictures, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    image = read_picture(pictures[0])
    kept = Describer(Squares(2), cache=tmp_path / "file")
    assert np.array_equal(kept(image), Describer(Squares(2))(image))


def test_a_disk_that_is_full_is_left_without_half_a_file(pictures, tmp_path, monkeypatch) -> None:
    def full(file, array):
        file.write(b"half of it")
        raise OSError("No space left on device")

    monkeypatch.setattr("terrakin.regions.describer.np.save", full)
    image = read_picture(pictures[0])
    kept = Describer(Squares(2), cache=tmp_path / "kept")
    assert np.array_equal(kept(image), Describer(Squares(2))(image))
    assert [path for path in (tmp_path / "kept").rglob("*") if path.is_file()] == []
