"""The codec: what comes back, how large it was, what is refused."""

import lzma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrakin.errors import TrainingError
from terrakin.training import codec
from terrakin.training.codec import decode, encode, shape_of


def pictures(count: int, height: int, width: int, bands: int, seed: int = 0) -> np.ndarray:
    """Pictures with edges, slopes and some noise, bands alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 16
    angle, offset = rng.uniform(0, np.pi, (2, count, 1, 1))
    wave = np.sin(x * np.cos(angle) + y * np.sin(angle) + 9 * offset) + (x * np.sin(3 * angle) > y)
    values = 90 + 50 * wave[..., None] + rng.normal(0, 12, (count, 1, 1, bands)) + rng.normal(0, 3, (count, height, width, 1))
    return np.clip(values, 0, 255).astype(np.uint8)


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((first.astype(float) - second) ** 2)))


@settings(max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2, 3, 4, 13])),
    quality=st.integers(1, 100),
    noise=st.booleans(),
)
def test_images_of_any_shape_come_back_in_it(shape: tuple[int, int, int, int], quality: int, noise: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8) if noise else pictures(*shape)
    coded = encode(pixels, quality=quality)
    assert shape_of(coded) == shape
    result = decode(coded)
    assert (result.shape, result.dtype) == (shape, np.uint8)
    # Each coefficient is wrong by at most half a step and the dead zone, and the transform keeps lengths.
    if shape[3] != 3:
        error = (pixels.astype(float) - result).reshape(len(pixels), -1)
        padded = -(-shape[1] // 8) * -(-shape[2] // 8) * 64 * shape[3]
        bound = (0.5 + 0.17) * 1200 / quality * np.sqrt(padded) + 0.5 * np.sqrt(error.shape[1])
        assert np.linalg.norm(error, axis=1).max() <= bound + 1


@pytest.mark.parametrize(("bands", "least"), [(1, 36), (3, 35), (5, 36)])
def test_pictures_come_back_alike(bands: int, least: float) -> None:
    pixels = pictures(12, 64, 64, bands)
    assert psnr(pixels, decode(encode(pixels, quality=70))) > least


@pytest.mark.parametrize("value", [0, 255])
def test_extremes_do_not_wrap(value: int) -> None:
    """The largest means, and the steepest edge, at the finest step."""
    flat = np.full((2, 16, 16, 1), value, np.uint8)
    flat[:, :, 8:] = 255 - value
    board = (np.indices((16, 16)).sum(0) % 2 * 255).astype(np.uint8)[None, :, :, None]
    for pixels in (flat, board, 255 - board):
        result = decode(encode(pixels, quality=100))
        assert np.abs(result.astype(int) - pixels).max() <= 16


def test_quality_trades_bytes_for_likeness() -> None:
    pixels = pictures(20, 64, 64, 3)
    coded = [encode(pixels, quality=quality) for quality in (10, 30, 60, 100)]
    sizes, likeness = [len(one) for one in coded], [psnr(pixels, decode(one)) for one in coded]
    assert sizes == sorted(sizes)
    assert likeness == sorted(likeness)
    assert sizes[-1] < pixels.nbytes / 5


def test_sorting_finds_like_among_like(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the same coefficients take more bytes: the reason for its code."""
    pixels = pictures(40, 64, 64, 1)
    pixels[::2] = pixels[::2] // 8 + 100  # images differ in how much they hold
    ours = len(encode(pixels))
    monkeypatch.setattr(codec, "_held", lambda held, row: held)
    assert ours < 0.97 * len(encode(pixels))


def test_quantised_planes_are_restored_exactly_but_for_rounding() -> None:
    """The steps between transform and compressor lose nothing: coding what was decoded gives the same again."""
    pixels = pictures(6, 24, 40, 2)
    once = decode(encode(pixels, quality=20))
    twice = decode(encode(once, quality=20))
    assert np.abs(once.astype(int) - twice).mean() < 1


def test_what_is_no_code_is_told() -> None:
    coded = encode(pictures(3, 16, 16, 3))
    with pytest.raises(TrainingError, match="these are no coded images, or those of another version; carry them here again"):
        shape_of(b"RIFF" + coded[4:])
    with pytest.raises(TrainingError, match="no coded images"):
        decode(coded[:10])
    with pytest.raises(TrainingError, match="broken: quality 0"):
        shape_of(coded[:4] + b"\0" + coded[5:])
    for broken in (coded[:-9], coded + b"more", coded[:40] + bytes([coded[40] ^ 255]) + coded[41:]):
        with pytest.raises(TrainingError, match=r"coded images are broken.*; carry them here again"):
            decode(broken)


def test_more_than_the_header_says_is_not_unpacked() -> None:
    coded = encode(pictures(1, 8, 8, 1))
    head = coded[: len(coded) - len(lzma.compress(b""))][:21]
    bomb = head + lzma.compress(bytes(1 << 24), lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=codec._FILTERS)
    with pytest.raises(TrainingError, match="broken: 64 bytes should follow"):
        decode(bomb)


@pytest.mark.parametrize("pixels", [np.zeros((2, 8, 8), np.uint8), np.zeros((2, 8, 8, 3)), np.zeros((0, 8, 8, 3), np.uint8)])
def test_only_images_are_coded(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="wanted images"):
        encode(pixels)


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_has_a_range(quality: int) -> None:
    with pytest.raises(ValueError, match=r"quality lies in 1\.\.100, got"):
        encode(pictures(1, 8, 8, 3), quality=quality)
