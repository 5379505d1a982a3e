"""Patches in BigEarthNet's layout."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from terrakin.datasets.bigearthnet import BANDS, BIGEARTHNET, BIGEARTHNET_19
from terrakin.datasets.bigearthnet_labels import FROM_43_TO_19
from terrakin.datasets.generated.patches import SIGNS, make_patches

pytestmark = pytest.mark.filterwarnings("ignore:.*patches instead of:terrakin.datasets.dataset.CountWarning")
SIDES = {"B02": 120, "B03": 120, "B04": 120, "B08": 120, "B01": 20, "B09": 20}


def band(path: Path, name: str) -> np.ndarray:
    with rasterio.open(path / f"{path.name}_{name}.tif") as file:
        return file.read(1)


def test_files_are_those_of_the_archive(tmp_path: Path) -> None:
    (patch,) = make_patches(tmp_path, count=1)
    assert len(list(patch.path.iterdir())) == 13
    corners = set()
    for name in BANDS:
        with rasterio.open(patch.path / f"{patch.path.name}_{name}.tif") as file:
            assert (file.width, file.height, file.count) == (SIDES.get(name, 60), SIDES.get(name, 60), 1)
            assert file.dtypes == ("uint16",)
            corners.add(tuple(file.bounds))
    assert len(corners) == 1


def test_the_reader_takes_them_for_the_archive(tmp_path: Path) -> None:
    made = make_patches(tmp_path, count=10, side=24)
    for dataset, names in ((BIGEARTHNET, dict.fromkeys(SIGNS)), (BIGEARTHNET_19, FROM_43_TO_19)):
        samples = dataset.samples(tmp_path)
        assert {one.id: one.labels for one in samples} == {
            one.path.name: tuple(sorted(names[label] or label for label in one.labels)) for one in made
        }
        assert [one.split for one in sorted(samples, key=lambda one: int(one.id.rpartition("_")[2]))] == [
            *("train", "train", "train", "val", "test") * 2
        ]


def test_a_label_shows_in_the_bands_of_its_grid_alone(tmp_path: Path) -> None:
    steps = {**dict.fromkeys(BANDS, 2), "B02": 1, "B03": 1, "B04": 1, "B08": 1, "B01": 6, "B09": 6}
    for patch in make_patches(tmp_path, count=12, side=48):
        there = {(SIGNS[label].step, SIGNS[label].texture) for label in patch.labels}
        for name in BANDS:
            found = textures(band(patch.path, name))
            assert found == {texture for step, texture in there if step == steps[name]}, (patch, name)


def test_a_seed_decides_them_and_their_number_does_not(tmp_path: Path) -> None:
    few, many = make_patches(tmp_path / "a", count=2, side=24), make_patches(tmp_path / "b", count=4, side=24)
    other = make_patches(tmp_path / "c", count=2, side=24, seed=1)
    assert few[1].labels == many[1].labels
    assert np.array_equal(band(few[1].path, "B05"), band(many[1].path, "B05"))
    assert not np.array_equal(band(few[1].path, "B05"), band(other[1].path, "B05"))


@pytest.mark.parametrize(("count", "side"), [(1, 12), (1, 30), (10_001, 24)])
def test_what_cannot_be_made_is_refused(tmp_path: Path, count: int, side: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of 12 from 24 on, .* 10000 patches; got {side} and {count}"):
        make_patches(tmp_path, count=count, side=side)


def textures(values: np.ndarray) -> set[str]:
    """Found by correlating each quarter with each texture."""
    half, found = len(values) // 2, set()
    rows, columns = np.indices((half, half))
    for down in (0, half):
        for across in (0, half):
            part = values[down : down + half, across : across + half] / values.mean() - 1
            for name, wave in (("columns", columns), ("rows", rows), ("checks", rows + columns)):
                if (part * (1 - 2 * (wave % 2))).mean() > 0.125:
                    found.add(name)
    return found
