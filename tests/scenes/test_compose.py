"""Scenes of several files on one grid, through the source `bands`."""

from pathlib import Path

import pytest

from terrakin.errors import SceneError
from terrakin.scenes.find import find, open_scene
from terrakin.scenes.scene import Candidate, Scene


def opened(folder: Path) -> Scene:
    (candidate,) = find(folder)
    assert isinstance(candidate, Candidate), candidate
    return open_scene(candidate)


def test_the_grid_is_that_of_the_finest_band_and_the_type_the_widest(tmp_path: Path, write_raster) -> None:
    write_raster(tmp_path / "B01.tif", size=2, dtype="uint8")
    write_raster(tmp_path / "B02.tif", size=12, dtype="uint16")
    write_raster(tmp_path / "B05.tif", size=6, dtype="uint8")
    scene = opened(tmp_path)
    assert (scene.width, scene.height, scene.dtype) == (12, 12, "uint16")
    assert scene.transform is not None
    assert scene.transform[0] == 100


def test_half_a_coarse_pixel_is_the_same_ground(tmp_path: Path, write_raster) -> None:
    write_raster(tmp_path / "B02.tif", size=12)
    write_raster(tmp_path / "B05.tif", size=6, origin=(500100, 5000100))
    assert len(opened(tmp_path).bands) == 2


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"origin": (500101, 5000000)},
            r"B05\.tif covers other ground than .*B02\.tif: its corners are up to 101 apart, more than half",
        ),
        ({"size": 7, "gsd": 200}, r"B05\.tif covers other ground"),
        ({"crs": "EPSG:32634"}, r"B05\.tif lies in EPSG:32634, the other bands of .* in EPSG:32633"),
        ({"crs": None}, r"B05\.tif lies in no CRS, the other bands of .* in EPSG:32633"),
        ({"count": 2}, r"B05\.tif has 2 bands; its name says that it is one band of a scene"),
        ({"nodata": 9}, r"declare different nodata values: 0\.0, 9\.0"),
    ],
)
def test_a_band_that_does_not_fit_is_named(other: dict, message: str, tmp_path: Path, write_raster) -> None:
    write_raster(tmp_path / "B02.tif", size=12, nodata=0)
    write_raster(tmp_path / "B05.tif", **({"size": 6} | other))
    with pytest.raises(SceneError, match=message):
        opened(tmp_path)


@pytest.mark.parametrize(("size", "fits"), [(6, True), (12, True)])
def test_bands_without_geography_fit_by_shape(size: int, fits: bool, tmp_path: Path, write_raster) -> None:
    write_raster(tmp_path / "B02.tif", size=12, crs=None)
    write_raster(tmp_path / "B05.tif", size=size, crs=None)
    assert (opened(tmp_path).width == 12) is fits


def test_bands_without_geography_of_other_shapes_do_not_fit(tmp_path: Path, write_picture) -> None:
    write_picture(tmp_path / "B02.tif", mode="L", size=(40, 40))
    write_picture(tmp_path / "B05.tif", mode="L", size=(20, 5))
    with pytest.raises(SceneError, match=r"B05\.tif has 20 x 5 pixels, which does not fit the 40 x 40"):
        opened(tmp_path)


def test_a_declared_nodata_value_counts_more_than_the_sensors(tmp_path: Path, write_raster) -> None:
    write_raster(tmp_path / "B02.tif", nodata=255)
    write_raster(tmp_path / "B03.tif")
    assert opened(tmp_path).nodata == 255


def test_content_makes_the_fingerprint(tmp_path: Path, write_raster) -> None:
    for name in ("one", "two"):
        write_raster(tmp_path / name / "B02.tif")
        write_raster(tmp_path / name / "B03.tif")
    first, second = opened(tmp_path / "one"), opened(tmp_path / "two")
    assert first.fingerprint == second.fingerprint
    write_raster(tmp_path / "two" / "B03.tif", dtype="uint8")
    assert first.fingerprint != opened(tmp_path / "two").fingerprint
