"""Scenes as files."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image
from rasterio.warp import transform

from terrakin.datasets.generated.files import BANDS, SceneFile, make_labelled_folder, make_scenes
from terrakin.datasets.generated.layout import CLASSES


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SceneFile:
    return make_scenes(tmp_path_factory.mktemp("scenes"), count=1, size=512, seed=3)[0]


def test_a_scene_is_a_tiled_geotiff_with_named_bands(made: SceneFile) -> None:
    with rasterio.open(made.path) as file:
        assert (file.width, file.height, file.count, set(file.dtypes)) == (512, 512, 4, {"uint8"})
        assert file.descriptions == BANDS
        assert file.crs.is_projected
        assert file.crs.to_epsg() in range(32630, 32636)
        assert file.res == (1, 1)
        assert file.profile["compress"] == "deflate"
        assert file.block_shapes[0] == (256, 256)
        assert (file.dataset_mask() == 255).all()
        assert file.read().std() > 20


def test_the_date_is_in_the_name_and_in_the_tag(made: SceneFile) -> None:
    with rasterio.open(made.path) as file:
        assert file.tags()["TIFFTAG_DATETIME"] == f"{made.acquired:%Y:%m:%d %H:%M:%S}"
    assert made.path.name == f"scene-01_{made.acquired:%Y-%m-%d}.tif"
    assert made.acquired.tzinfo is not None


def test_the_truth_lies_beside_the_scene_in_longitude_and_latitude(made: SceneFile) -> None:
    assert made.labels.name == f"{made.path.stem}.labels.geojson"
    features = json.loads(made.labels.read_text())["features"]
    assert len(features) == len(made.windows) == 4
    with rasterio.open(made.path) as file:
        for feature, window in zip(features, made.windows, strict=True):
            polygon = shapely.geometry.shape(feature["geometry"])
            assert polygon.is_valid
            assert polygon.exterior.is_ccw
            x, y = file.xy(window.row + window.height // 2, window.col + window.width // 2)
            (lon,), (lat,) = transform(file.crs, "EPSG:4326", [x], [y])
            assert polygon.contains(shapely.Point(lon, lat))
            assert feature["properties"] == {
                "class": window.label,
                "col": window.col,
                "row": window.row,
                "width": window.width,
                "height": window.height,
            }


def test_a_scene_does_not_depend_on_how_many_there_are(made: SceneFile, tmp_path: Path) -> None:
    again = make_scenes(tmp_path, count=2, size=512, seed=3)
    assert again[0].windows == made.windows
    assert again[0].path.read_bytes() == made.path.read_bytes()
    assert again[0].labels.read_bytes() == made.labels.read_bytes()
    assert again[1].path.read_bytes() != made.path.read_bytes()


def test_another_seed_gives_another_scene(made: SceneFile, tmp_path: Path) -> None:
    other = make_scenes(tmp_path, count=1, size=512, seed=4)[0]
    assert other.path.read_bytes() != made.path.read_bytes()


def test_uint16_is_reflectance_of_the_same_ground(made: SceneFile, tmp_path: Path) -> None:
    (deep,) = make_scenes(tmp_path, count=1, size=512, seed=3, dtype="uint16")
    with rasterio.open(deep.path) as file, rasterio.open(made.path) as plain:
        assert set(file.dtypes) == {"uint16"}
        assert set(file.scales) == {1e-4}
        reflectance = file.read() * 1e-4
        assert reflectance.max() <= 0.55
        assert np.abs(reflectance / 0.55 * 255 - plain.read()).max() < 1.1


def test_coarser_scenes_cover_the_same_ground(made: SceneFile, tmp_path: Path) -> None:
    (coarse,) = make_scenes(tmp_path, count=1, size=256, gsd_m=2, seed=3)
    assert [window.label for window in coarse.windows] == [window.label for window in made.windows]
    with rasterio.open(coarse.path) as file, rasterio.open(made.path) as fine:
        assert file.res == (2, 2)
        assert file.bounds == fine.bounds


@pytest.mark.parametrize(("size", "gsd_m"), [(500, 1), (0, 1), (256, 3), (64, 2)])
def test_sizes_that_do_not_fit_are_refused(tmp_path: Path, size: int, gsd_m: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of 256 m and gsd_m divide 256, got {size} x {gsd_m} m"):
        make_scenes(tmp_path, size=size, gsd_m=gsd_m)


def test_a_labelled_folder_has_each_class_as_often(tmp_path: Path) -> None:
    paths = make_labelled_folder(tmp_path, per_class=2, size=64, seed=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == list(CLASSES)
    assert sorted(paths) == sorted(tmp_path.rglob("*.jpg"))
    for label in CLASSES:
        assert [path.name for path in sorted((tmp_path / label).iterdir())] == [f"{label}_001.jpg", f"{label}_002.jpg"]
    for path in paths:
        with Image.open(path) as image:
            assert (image.size, image.mode) == ((64, 64), "RGB")


def test_labelled_images_do_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    few, more = (
        make_labelled_folder(tmp_path / name, per_class=count, size=32, seed=1) for name, count in (("a", 1), ("b", 2))
    )
    assert [path.read_bytes() for path in few] == [path.read_bytes() for path in more[:6]]


@pytest.mark.parametrize("size", [0, 257])
def test_a_labelled_image_is_at_most_a_cell(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 256, got {size}"):
        make_labelled_folder(tmp_path, size=size)
