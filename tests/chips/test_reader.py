"""Windows of scenes as pixels: the laws of reading, and what formats, masks and grids do to them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from terrakin.chips import rasterfile, reader, spool
from terrakin.chips.pixels import Pixels
from terrakin.chips.reader import SceneReader
from terrakin.chips.scaling import ScalingRule, ValueRange, value_range
from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.scene import Scene


def read(scene: Scene, window: Window, size: int, rule: ScalingRule | None = None) -> tuple[Pixels, float]:
    limits = value_range(scene, scene.bands, rule or ScalingRule())
    with SceneReader(scene, scene.bands, limits) as opened:
        return opened.read(window, size=size)


def as_picture(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values[0] if len(values) == 1 else np.ascontiguousarray(np.moveaxis(values, 0, 2)))


@pytest.mark.parametrize("size", [224, 64, 100])
@pytest.mark.parametrize("bands", [1, 3])
def test_a_picture_and_a_geotiff_of_the_same_pixels_are_the_same(picture, raster, smooth, whole, bands, size):
    values = smooth(bands, 100, 120)
    png, tiff = picture(as_picture(values)), raster(values, tiled=True, blockxsize=64, blockysize=64, compress="deflate")
    plain = raster(values, crs=None)
    for window in (whole(png), Window(10, 20, 64, 64), Window(90, 70, 64, 64)):
        (one, share), (other, other_share), (third, _) = (read(scene, window, size) for scene in (png, tiff, plain))
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.values, third.values)
        np.testing.assert_array_equal(one.mask, other.mask)
        assert share == other_share


def test_a_whole_picture_is_what_pillow_makes_of_it(picture, smooth, whole):
    """The preprocessing that published models were trained with: open, resize to a square, divide."""
    image = as_picture(smooth(3, 90, 130))
    pixels, share = read(scene := picture(image, ".jpg", quality=90), whole(scene), 56)
    with Image.open(scene.uri) as decoded:
        expected = np.asarray(decoded.resize((56, 56), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(pixels.values, np.moveaxis(expected, 2, 0) / np.float32(255))
    assert share == 1
    assert pixels.mask.all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
def test_a_window_is_a_slice_of_the_whole(raster, smooth, whole, dtype):
    scene = raster((smooth(2, 60, 60) * (1 if dtype == "uint8" else 3)).astype(dtype))
    rule = ScalingRule("range", 10, 700)
    everything = read(scene, whole(scene), 60, rule)[0].values
    for col, row in [(0, 0), (7, 13), (28, 28)]:
        part, share = read(scene, Window(col, row, 32, 32), 32, rule)
        np.testing.assert_array_equal(part.values, everything[:, row : row + 32, col : col + 32])
        assert share == 1


@given(st.integers(-40, 100), st.integers(-40, 90), st.integers(1, 60))
def test_past_the_edge_nothing_is_measured(edge_scene, col, row, side):
    scene, values = edge_scene
    pixels, share = read(scene, Window(col, row, side, side), side)
    canvas, there = np.zeros((3, 300, 300)), np.zeros((300, 300), bool)
    canvas[:, 100:190, 100:200], there[100:190, 100:200] = values / np.float32(255), True
    rows, cols = slice(100 + row, 100 + row + side), slice(100 + col, 100 + col + side)
    np.testing.assert_array_equal(pixels.mask, there[rows, cols])
    assert share == pytest.approx(there[rows, cols].mean())
    np.testing.assert_allclose(pixels.values[:, pixels.mask], canvas[:, rows, cols][:, pixels.mask], atol=1e-7)
    if pixels.mask.any():
        means = pixels.values[:, pixels.mask].mean(axis=1, dtype=np.float64)
        np.testing.assert_allclose(
            pixels.values[:, ~pixels.mask], np.repeat(means[:, None], (~pixels.mask).sum(), 1), atol=1e-6
        )
    else:
        assert not pixels.values.any()


@pytest.fixture(scope="module")
def edge_scene(raster, smooth):
    values = smooth(3, 90, 100)
    return raster(values), values


def test_a_clipped_window_keeps_its_scale(raster, smooth):
    """What lies inside looks as it does in a window that lies inside as a whole."""
    values = smooth(1, 128, 192)
    cut = raster(values[:, :, :96])
    inner, _ = read(raster(values), Window(64, 0, 64, 64), 128)
    edge, share = read(cut, Window(64, 0, 64, 64), 128)
    assert share == 0.5
    assert edge.mask[:, :64].all()
    assert not edge.mask[:, 64:].any()
    np.testing.assert_array_equal(edge.values[:, :, :56], inner.values[:, :, :56])  # beyond, the kernel reaches the fill


@pytest.mark.parametrize("kind", ["nodata", "mask", "alpha", "nan", "png alpha", "png transparency"])
def test_what_was_not_measured_by_any_means(raster, picture, smooth, whole, kind):
    values = smooth(3, 40, 40)
    values[values == 0] = 1
    gap = np.zeros((40, 40), np.bool_)
    gap[:10, :20] = True
    there = np.where(gap, 0, 255).astype(np.uint8)
    holed = np.where(gap, 0, values).astype(np.uint8)
    floats = np.where(gap, np.nan, values).astype(np.float32)
    scene = {
        "nodata": lambda: raster(holed, nodata=0),
        "mask": lambda: raster(values, mask=there),
        "alpha": lambda: raster(values, alpha=there),
        "nan": lambda: raster(floats),
        "png alpha": lambda: picture(Image.fromarray(np.dstack([*values, there]))),
        "png transparency": lambda: picture(as_picture(holed), transparency=(0, 0, 0)),
    }[kind]()
    pixels, share = read(scene, whole(scene), 40, ScalingRule("range", 0, 255))
    assert share == pytest.approx(1 - 200 / 1600)
    np.testing.assert_array_equal(pixels.mask, ~gap)
    np.testing.assert_allclose(pixels.values[:, ~gap], values[:, ~gap] / 255, atol=1e-6)
    np.testing.assert_array_equal(np.ptp(pixels.values[:, gap], axis=1), 0)
    np.testing.assert_allclose(pixels.values[:, 0, 0], values[:, ~gap].mean(axis=1) / 255, atol=1 / 255)


def test_gaps_do_not_bleed_into_what_was_measured(raster, whole):
    values = np.full((1, 64, 64), 200, np.uint16)
    values[:, :, 32:] = 65535
    pixels, _ = read(scene := raster(values, nodata=65535), whole(scene), 17, ScalingRule("range", 0, 400))
    np.testing.assert_allclose(pixels.values, 0.5, atol=1e-6)


def test_dark_pixels_beside_black_nodata_stay_dark(raster, whole):
    values = np.full((3, 8, 8), 200, np.uint8)
    values[:, :4] = 0
    values[:, 6, 6] = 0, 5, 9
    pixels, _ = read(scene := raster(values, nodata=0), whole(scene), 8)
    assert pixels.mask[6, 6]
    np.testing.assert_allclose(pixels.values[:, 6, 6], np.array([0, 5, 9]) / 255, atol=1e-7)


def test_a_scene_without_any_measurement(raster, whole):
    pixels, share = read(scene := raster(np.zeros((2, 8, 8), np.uint16), nodata=0), whole(scene), 4)
    assert share == 0
    assert not pixels.mask.any()
    assert not pixels.values.any()


@given(
    st.floats(-1000, 1000),
    st.floats(0.5, 5000),
    st.sampled_from([-0.01, 1.0, 0.5]),
    st.floats(-100, 100),
)
def test_scaling_is_monotone_and_within_0_and_1(ramp_scene, low, width, scale, offset):
    scene, ramp = ramp_scene
    band = dataclasses.replace(scene.bands[0], scale=scale, offset=offset)
    with SceneReader(scene, [band], ValueRange((low,), (low + width,))) as opened:
        values = opened.read(Window(0, 0, 16, 16), size=16)[0].values.ravel()
    np.testing.assert_allclose(values, np.clip((ramp * scale + offset - low) / width, 0, 1), atol=1e-3)
    assert values.min() >= 0
    assert values.max() <= 1
    steps = np.diff(values) * np.sign(scale)
    assert (steps >= 0).all()


@pytest.fixture(scope="module")
def ramp_scene(raster):
    ramp = np.arange(-1280, 1280, 10, dtype=np.int16)
    return raster(ramp.reshape(1, 16, 16)), ramp.astype(float)


def band_folder(raster, smooth, *, shift=0.0) -> Scene:
    """A scene of two files: 10 m and, with half the pixels over the same ground, 20 m."""
    fine = smooth(2, 80, 80)
    coarse = fine[:1].reshape(1, 40, 2, 40, 2).mean(axis=(2, 4)).astype(np.uint8)
    first = raster(fine)
    second = raster(coarse, transform=(20.0, 0, 300000 - shift, 0, -20.0, 5200000 + shift), names=["b9"])
    return dataclasses.replace(first, bands=first.bands + second.bands)


def test_coarser_bands_are_resized_from_their_own_pixels(raster, smooth):
    scene = band_folder(raster, smooth)
    pixels, share = read(scene, Window(20, 40, 40, 40), 60)
    fine = read(dataclasses.replace(scene, bands=scene.bands[:2]), Window(20, 40, 40, 40), 60)[0]
    alone = dataclasses.replace(scene, bands=scene.bands[2:], width=40, height=40, transform=None, crs=None)
    np.testing.assert_array_equal(pixels.values[:2], fine.values)
    np.testing.assert_array_equal(pixels.values[2], read(alone, Window(10, 20, 20, 20), 60)[0].values[0])
    assert share == 1


def test_odd_windows_cut_coarse_pixels(raster, smooth):
    """A window that begins within a coarse pixel: about what the fine band shows there."""
    pixels, _ = read(band_folder(raster, smooth), Window(21, 33, 30, 30), 15)
    assert np.abs(pixels.values[2] - pixels.values[0]).mean() < 0.06


def test_bands_lie_where_their_own_georeference_says(raster, smooth):
    scene = band_folder(raster, smooth, shift=200.0)  # ten coarse pixels further north and west
    moved = read(scene, Window(0, 0, 40, 40), 20)[0].values[2]
    straight = read(band_folder(raster, smooth), Window(20, 20, 40, 40), 20)[0].values[2]
    np.testing.assert_array_equal(moved, straight)


def test_turned_grids_are_refused(raster, smooth):
    scene = band_folder(raster, smooth)
    turned = raster(smooth(1, 40, 40), transform=(14.0, 14.0, 300000, 14.0, -14.0, 5200000))
    both = dataclasses.replace(scene, bands=scene.bands[:1] + turned.bands)
    with pytest.raises(SceneError, match="lie on grids that are turned against each other"):
        SceneReader(both, both.bands, ValueRange((0.0, 0.0), (1.0, 1.0)))


def test_bands_come_in_the_order_asked_for_and_may_repeat(raster, picture, smooth, whole):
    values = smooth(3, 20, 20)
    for scene in (raster(values), picture(as_picture(values))):
        blue, red = scene.bands[2], scene.bands[0]
        limits = ValueRange((0.0,) * 3, (255.0,) * 3)
        with SceneReader(scene, [blue, red, red], limits) as opened:
            found = opened.read(whole(scene), size=20)[0].values
        np.testing.assert_array_equal(found, values[[2, 0, 0]] / np.float32(255))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_pictures_of_every_mode(picture, smooth, whole, mode):
    image = as_picture(smooth(3, 30, 30)).convert(mode)
    scene = picture(image, ".jpg" if mode == "CMYK" else ".png")
    with Image.open(scene.uri) as stored:
        expected = np.asarray(stored.convert("L" if mode in {"1", "L", "LA"} else "RGB"))
    pixels, _ = read(scene, whole(scene), 30)
    np.testing.assert_array_equal(
        np.rint(pixels.values * 255), expected[None] if expected.ndim == 2 else np.moveaxis(expected, 2, 0)
    )


def test_a_grey_picture_of_16_bit_keeps_its_depth(picture, whole):
    values = (np.arange(400, dtype=np.uint16) * 163).reshape(20, 20)
    scene = dataclasses.replace(picture(Image.fromarray(values), bands=1), dtype="uint16")
    pixels, _ = read(scene, whole(scene), 20, ScalingRule("range", 0, 65535))
    np.testing.assert_allclose(pixels.values[0] * 65535, values, atol=0.5)


def test_an_exif_rotation_is_not_applied(picture, smooth, whole):
    values = smooth(3, 20, 30)
    exif = Image.Exif()
    exif[0x0112] = 6
    scene = picture(as_picture(values), exif=exif)
    np.testing.assert_array_equal(read(scene, Window(0, 0, 20, 20), 20)[0].values, values[:, :, :20] / np.float32(255))


def test_far_coarser_chips_are_averages(raster):
    """8 x 8 source pixels for each of the chip, read with and without overviews."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 255, (1, 32, 32), dtype=np.uint8)
    values = np.kron(coarse, np.ones((1, 8, 8), np.uint8))
    for scene in (raster(values), raster(values, overviews=(2, 4), tiled=True, blockxsize=64, blockysize=64)):
        pixels, share = read(scene, Window(0, 0, 256, 256), 16)
        expected = np.asarray(Image.fromarray(coarse[0]).resize((16, 16), Image.Resampling.BICUBIC))
        np.testing.assert_allclose(pixels.values[0] * 255, expected, atol=12)
        assert share == 1


def test_far_coarser_chips_past_the_edge(raster):
    values = np.full((1, 200, 200), 100, np.uint8)
    pixels, share = read(raster(values), Window(-200, 100, 400, 400), 20)
    assert share == pytest.approx(100 * 200 / 400**2, abs=0.01)
    assert pixels.mask[:5, 10:].all()
    assert pixels.mask.sum() == 50
    np.testing.assert_allclose(pixels.values, 100 / 255, atol=1e-6)


@pytest.fixture
def counted(monkeypatch):
    """Rectangles that GDAL reads, by any raster file."""
    calls: list[Window] = []
    plain = rasterfile.RasterFile._read
    monkeypatch.setattr(
        rasterfile.RasterFile, "_read", lambda self, rect, reduction=1: calls.append(rect) or plain(self, rect, reduction)
    )
    return calls


@pytest.mark.parametrize("memory", [2**28, 0])
def test_jpeg_2000_is_decoded_once_a_scene(raster, smooth, monkeypatch, counted, memory):
    monkeypatch.setattr(spool, "_MEMORY", memory)
    monkeypatch.setitem(spool.spool.__kwdefaults__, "memory", memory)
    values = smooth(2, 100, 100)
    scene = raster(values, driver="JP2OpenJPEG", suffix=".jp2", QUALITY="100", REVERSIBLE="YES")
    with SceneReader(scene, scene.bands, ValueRange((0.0,) * 2, (255.0,) * 2)) as opened:
        for row in range(0, 100, 25):
            for col in range(0, 100, 25):
                found = opened.read(Window(col, row, 25, 25), size=25)[0].values
                np.testing.assert_array_equal(found, values[:, row : row + 25, col : col + 25] / np.float32(255))
    # The first window by itself, which is all that a query needs; then everything, once.
    assert counted == [Window(0, 0, 25, 25), Window(0, 0, 100, 100)]


def test_decoding_once_keeps_the_mask(raster, smooth, monkeypatch):
    values, there = smooth(3, 40, 40), np.full((40, 40), 255, np.uint8)
    there[:, :8] = 0
    scene = raster(values, alpha=there, driver="JP2OpenJPEG", suffix=".jp2", QUALITY="100", REVERSIBLE="YES")
    with SceneReader(scene, scene.bands, ValueRange((0.0,) * 3, (255.0,) * 3)) as opened:
        shares = [opened.read(Window(0, row, 16, 16), size=16)[1] for row in (0, 8, 16)]
    assert shares == [0.5, 0.5, 0.5]


def test_a_very_large_picture_is_decoded_to_disk_by_gdal(picture, smooth, monkeypatch):
    values = smooth(3, 50, 60)
    scene = picture(as_picture(values))
    monkeypatch.setattr("terrakin.chips.bandfile._LARGEST_PICTURE", 100)
    with SceneReader(scene, scene.bands, ValueRange((0.0,) * 3, (255.0,) * 3)) as opened:
        for col in (0, 10, 20):
            found = opened.read(Window(col, 5, 30, 30), size=30)[0].values
            np.testing.assert_array_equal(found, values[:, 5:35, col : col + 30] / np.float32(255))


def test_a_file_that_is_cut_off_is_named_with_the_window(raster, smooth):
    rng = np.random.default_rng(0)
    scene = raster(
        rng.integers(0, 255, (1, 256, 256), dtype=np.uint8), tiled=True, blockxsize=128, blockysize=128, compress="deflate"
    )
    path = Path(scene.uri)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with (
        SceneReader(scene, scene.bands, ValueRange((0.0,), (255.0,))) as opened,
        pytest.raises(SceneError, match=rf"{path.name} cannot be read at 128,128,128,128: broken or cut off there"),
    ):
        opened.read(Window(128, 128, 128, 128), size=64)


def test_a_picture_that_is_cut_off_is_named(picture, smooth):
    scene = picture(as_picture(smooth(3, 200, 200)), ".jpg")
    path = Path(scene.uri)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(SceneError, match=rf"{path.name} is broken or cut off"):
        SceneReader(scene, scene.bands, ValueRange((0.0,) * 3, (255.0,) * 3))


def test_files_that_lost_bands_are_named(raster, picture, smooth):
    for scene in (raster(smooth(1, 8, 8)), picture(as_picture(smooth(1, 8, 8)))):
        gone = dataclasses.replace(scene.bands[0], index=4)
        with pytest.raises(SceneError, match="has 1 bands and not 4: it has changed since it was found"):
            SceneReader(scene, [gone], ValueRange((0.0,), (255.0,)))


def test_what_was_opened_is_closed_when_another_file_fails(raster, smooth, monkeypatch):
    scene = raster(smooth(1, 8, 8))
    lost = dataclasses.replace(scene.bands[0], path=scene.uri + ".gone.tif")
    closed = []
    monkeypatch.setattr(rasterfile.RasterFile, "close", lambda self: closed.append(self))
    with pytest.raises(SceneError, match=r"gone\.tif"):
        SceneReader(scene, [scene.bands[0], lost], ValueRange((0.0,) * 2, (255.0,) * 2))
    assert len(closed) == 1


def test_one_range_a_band(raster, smooth):
    scene = raster(smooth(2, 8, 8))
    with pytest.raises(ValueError, match="got 2 bands and 1 ranges"):
        reader.SceneReader(scene, scene.bands, ValueRange((0.0,), (1.0,)))
