"""Rasters and pictures, opened."""

import datetime as dt
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from terrakin.errors import SceneError
from terrakin.scenes.find import SourceOptions, find, open_scene
from terrakin.scenes.picture import open_picture
from terrakin.scenes.scene import Candidate, Scene


def opened(path: Path, **options: str) -> Scene:
    (candidate,) = find(path, options=SourceOptions(**options))
    assert isinstance(candidate, Candidate), candidate
    return open_scene(candidate)


def test_a_raster_tells_all_that_its_header_tells(tmp_path: Path, write_raster) -> None:
    path = write_raster(
        tmp_path / "scene.tif", count=4, colours=("red", "green", "blue", "alpha"), nodata=7, scale=(0.0001, -0.1),
        tags={"TIFFTAG_DATETIME": "2022:01:17 10:43:43"},
    )  # fmt: skip
    scene = opened(path)
    assert (scene.uri, scene.key) == (str(path), "scene.tif")
    assert (scene.width, scene.height, scene.dtype, scene.nodata, scene.sensor) == (12, 12, "uint16", 7, None)
    assert scene.crs == "EPSG:32633"
    assert scene.transform == (100.0, 0.0, 500000.0, 0.0, -100.0, 5000000.0)
    assert [(band.name, band.index, band.scale, band.offset) for band in scene.bands] == [
        ("red", 1, 0.0001, -0.1),
        ("green", 2, 0.0001, -0.1),
        ("blue", 3, 0.0001, -0.1),
    ]  # alpha measures nothing
    assert scene.datetime == dt.datetime(2022, 1, 17, 10, 43, 43, tzinfo=dt.UTC)


def test_a_raster_without_geography_is_a_scene_without_geography(tmp_path: Path, write_raster) -> None:
    scene = opened(write_raster(tmp_path / "scene.tif", crs=None, count=3, dtype="uint8", photometric="RGB"))
    assert (scene.crs, scene.transform) == (None, None)
    assert [band.name for band in scene.bands] == ["red", "green", "blue"]


@pytest.mark.parametrize(
    ("dtype", "nodata", "wanted"), [("uint8", 300, None), ("int16", -9999, -9999), ("float32", 0, 0), ("uint8", 255, 255)]
)
def test_nodata_is_kept_where_a_pixel_can_have_it(
    dtype: str, nodata: float, wanted: float | None, tmp_path: Path, write_raster
) -> None:
    path = write_raster(tmp_path / "a.tif", dtype=dtype, nodata=nodata if wanted is not None else None)
    if wanted is None:
        (tmp_path / "a.tif.aux.xml").write_text(
            f"<PAMDataset><PAMRasterBand band='1'><NoDataValue>{nodata}</NoDataValue></PAMRasterBand></PAMDataset>"
        )
    assert opened(path).nodata == wanted


def test_nan_as_nodata(tmp_path: Path, write_raster) -> None:
    assert np.isnan(opened(write_raster(tmp_path / "a.tif", dtype="float32", nodata=float("nan"))).nodata)


def test_a_crs_off_the_earth_is_kept_as_text(tmp_path: Path, write_raster) -> None:
    europa = 'GEOGCS["Europa",DATUM["Europa",SPHEROID["Europa",1562090,0]],PRIMEM["0",0],UNIT["degree",0.0174532925199433]]'
    crs = opened(write_raster(tmp_path / "a.tif", crs=europa, origin=(0, 10), gsd=0.1)).crs
    assert crs is not None
    assert "Europa" in crs


def test_complex_numbers_are_refused(tmp_path: Path, write_raster) -> None:
    path = write_raster(tmp_path / "sar.tif", dtype="complex64")
    with pytest.raises(SceneError, match="holds complex numbers; convert them to amplitudes"):
        opened(path)


def test_a_world_file_makes_a_raster_of_a_picture(tmp_path: Path, write_picture) -> None:
    path = write_picture(tmp_path / "map.png", mode="P")
    (tmp_path / "map.pgw").write_text("2\n0\n0\n-2\n500001\n4999999\n")
    (tmp_path / "map.png.aux.xml").write_text("<PAMDataset><SRS>EPSG:32633</SRS></PAMDataset>")
    (candidate,) = find(tmp_path)
    assert isinstance(candidate, Candidate)
    assert (candidate.source, [Path(file).name for file in candidate.files]) == (
        "raster",
        ["map.png", "map.png.aux.xml", "map.pgw"],
    )
    scene = open_scene(candidate)
    assert (scene.crs, scene.transform) == ("EPSG:32633", (2.0, 0.0, 500000.0, 0.0, -2.0, 5000000.0))
    assert [band.name for band in scene.bands] == ["red", "green", "blue"]  # a palette is decoded
    assert opened(path) == scene


def test_side_files_count_as_content(tmp_path: Path, write_raster) -> None:
    path = write_raster(tmp_path / "a.tif", crs=None)
    (before,) = find(tmp_path)
    (tmp_path / "a.tfw").write_text("2\n0\n0\n-2\n500001\n4999999\n")
    (after,) = find(tmp_path)
    assert isinstance(before, Candidate)
    assert isinstance(after, Candidate)
    assert before.stamp != after.stamp
    assert open_scene(before).fingerprint != open_scene(after).fingerprint
    assert after.uri == str(path)


def test_one_named_band_file_keeps_its_band(tmp_path: Path, write_raster) -> None:
    scene = opened(write_raster(tmp_path / "T32TLS_20220620T102041_B08_10m.jp2", driver="JP2OpenJPEG", dtype="uint16", size=64))
    assert [(band.name, band.common_name) for band in scene.bands] == [("B08", "nir")]
    assert (scene.sensor, scene.nodata) == ("sentinel-2", 0)


@pytest.mark.parametrize(
    ("mode", "name", "bands", "dtype"),
    [
        ("RGB", "a.jpg", ["red", "green", "blue"], "uint8"),
        ("L", "a.jpeg", ["gray"], "uint8"),
        ("CMYK", "a.JPG", ["red", "green", "blue"], "uint8"),
        ("RGBA", "a.png", ["red", "green", "blue"], "uint8"),
        ("LA", "a.png", ["gray"], "uint8"),
        ("1", "a.png", ["gray"], "uint8"),
        ("I;16", "a.png", ["gray"], "uint16"),
        ("P", "a.gif", ["red", "green", "blue"], "uint8"),
        ("RGB", "a.webp", ["red", "green", "blue"], "uint8"),
        ("RGB", "a.bmp", ["red", "green", "blue"], "uint8"),
    ],
)
def test_pictures_of_every_mode(mode: str, name: str, bands: list[str], dtype: str, tmp_path: Path, write_picture) -> None:
    scene = opened(write_picture(tmp_path / name, mode=mode))
    assert [band.name for band in scene.bands] == bands
    assert (scene.width, scene.height, scene.dtype, scene.crs) == (8, 6, dtype, None)


def test_a_picture_of_another_format_than_its_name_is_read(tmp_path: Path, write_picture) -> None:
    write_picture(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert opened(tmp_path / "a.jpg").width == 8


@pytest.mark.parametrize(
    "content", [b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"]
)
def test_broken_pictures_have_a_plain_reason(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(SceneError, match=r"a\.jpg cannot be opened as a picture: broken, cut off, or of another type$"):
        opened(tmp_path / "a.jpg")


def test_a_picture_that_is_cut_off_opens_and_fails_when_decoded(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) // 2])
    assert opened(tmp_path / "a.jpg").width == 64
    with (
        pytest.raises(SceneError, match=r"a\.jpg is broken or cut off: image file is truncated"),
        open_picture(str(tmp_path / "a.jpg")) as p,
    ):
        p.load()


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(SceneError, match=r"would decode 900,000,000 pixels at once, more than 400,000,000; .*gdal_translate"):
        opened(tmp_path / "bomb.png")
    assert limit == Image.MAX_IMAGE_PIXELS


def test_exif_tells_when_a_picture_was_taken(tmp_path: Path, write_picture) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2022:07:23 11:20:39", 0x9011: "+02:00"}
    path = write_picture(tmp_path / "a.jpg", exif=exif)
    assert opened(path).datetime == dt.datetime(2022, 7, 23, 9, 20, 39, tzinfo=dt.UTC)
    assert opened(path, dates="name").datetime is None


@pytest.mark.parametrize(
    ("dates", "wanted"),
    [
        ("auto", dt.datetime(2017, 8, 31, tzinfo=dt.UTC)),
        ("name", dt.datetime(2017, 8, 31, tzinfo=dt.UTC)),
        ("tags", dt.datetime(2019, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("none", None),
        ("acquired", None),  # a column that no raster has
    ],
)
def test_dates_come_from_where_they_were_asked_for(
    dates: str, wanted: dt.datetime | None, tmp_path: Path, write_raster
) -> None:
    tags = {"TIFFTAG_DATETIME": "2017:09:01 11:47:27"}
    path = write_raster(tmp_path / "a_20170831.tif", tags=tags, imagery={"ACQUISITIONDATETIME": "2019-01-02 03:04:05"})
    assert opened(path, dates=dates).datetime == wanted


def test_the_fingerprint_is_the_same_wherever_the_file_lies(tmp_path: Path, write_raster) -> None:
    path = write_raster(tmp_path / "a.tif")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.tif").write_bytes(path.read_bytes())
    assert opened(path).fingerprint == opened(tmp_path / "sub" / "b.tif").fingerprint


@pytest.mark.parametrize("where", ["folder", "file"])
def test_polygons_beside_a_raster_belong_to_it(where: str, tmp_path: Path, write_raster) -> None:
    path = write_raster(tmp_path / "a.tif")
    (tmp_path / "a.labels.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    (candidate,) = find(tmp_path if where == "folder" else path)
    assert isinstance(candidate, Candidate)
    assert [Path(file).name for file in candidate.files] == ["a.tif", "a.labels.geojson"]
