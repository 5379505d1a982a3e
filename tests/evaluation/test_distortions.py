"""Each distortion against what it should be, worked out slowly."""

import math

import numpy as np
import pytest

from terrakin.evaluation.distortions.distortion import Distortion, distorted
from terrakin.evaluation.distortions.known import DISTORTIONS


def random_image(height: int = 12, width: int = 12, bands: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1, (height, width, bands)).astype(np.float32)


def under(name: str, image: np.ndarray, strength: float) -> np.ndarray:
    return distorted(DISTORTIONS[name], image, strength, key="chip")


def cubic(distance: float) -> float:
    """Keys' kernel with a = -1/2."""
    x = abs(distance)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0


def mirrored(index: int, length: int) -> int:
    """The pixel that is seen at `index` in a mirror at each edge."""
    index %= 2 * length
    return min(index, 2 * length - 1 - index)


def sampled(image: np.ndarray, x: float, y: float, stretch: float = 1) -> np.ndarray:
    """The image at a point, in pixels from the upper left corner, by a bicubic kernel `stretch` times as wide."""
    height, width, bands = image.shape
    total, weights = np.zeros(bands), 0.0
    reach = math.ceil(2 * stretch) + 1
    for row in range(math.floor(y) - reach, math.floor(y) + reach + 1):
        for col in range(math.floor(x) - reach, math.floor(x) + reach + 1):
            weight = cubic((col + 0.5 - x) / stretch) * cubic((row + 0.5 - y) / stretch)
            total += weight * image[mirrored(row, height), mirrored(col, width)]
            weights += weight
    return np.clip(total / weights, 0, 1)


def oracle(image: np.ndarray, come_from, stretch: float = 1) -> np.ndarray:
    """What each pixel shows: the image where the middle of the pixel, seen from that of the image, comes from."""
    height, width, _ = image.shape
    found = np.empty_like(image)
    for row in range(height):
        for col in range(width):
            x, y = come_from(col + 0.5 - width / 2, row + 0.5 - height / 2)
            found[row, col] = sampled(image, x + width / 2, y + height / 2, stretch)
    return found


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("side", [12, 13])
def test_quarter_turns_are_quarter_turns(turns, side) -> None:
    image = random_image(side, side)
    np.testing.assert_allclose(under("rotation", image, 90 * turns), np.rot90(image, turns), rtol=0, atol=1e-6)


@pytest.mark.parametrize("degrees", [15, -40, 135])
@pytest.mark.parametrize("shape", [(10, 10), (7, 12)])
def test_a_turn_is_one_about_the_middle(degrees, shape) -> None:
    image = random_image(*shape)
    a = math.radians(degrees)
    # Anticlockwise for who looks: the vertical axis of images runs downwards.
    wanted = oracle(image, lambda x, y: (x * math.cos(a) - y * math.sin(a), x * math.sin(a) + y * math.cos(a)))
    np.testing.assert_allclose(under("rotation", image, degrees), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("factor", [0.7, 0.5, 1.4])
@pytest.mark.parametrize("shape", [(10, 10), (7, 12)])
def test_scaling_is_about_the_middle_and_antialiased(factor, shape) -> None:
    image = random_image(*shape)
    wanted = oracle(image, lambda x, y: (x / factor, y / factor), stretch=max(1, 1 / factor))
    np.testing.assert_allclose(under("scale", image, factor), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("degrees", [10, 30])
@pytest.mark.parametrize("shape", [(10, 10), (7, 12)])
def test_shear_leaves_the_middle_row_and_leans_to_the_right(degrees, shape) -> None:
    image = random_image(*shape)
    wanted = oracle(image, lambda x, y: (x + math.tan(math.radians(degrees)) * y, y))
    np.testing.assert_allclose(under("shear", image, degrees), wanted, rtol=0, atol=1e-5)
    pole = np.zeros((41, 41, 1), np.float32)
    pole[:, 20] = 1
    assert under("shear", pole, 30)[0].argmax() > 25
    assert under("shear", pole, 30)[20].argmax() == 20


@pytest.mark.parametrize("name", ["rotation", "scale", "shear"])
def test_nothing_black_comes_in_from_outside(name) -> None:
    grey = np.full((9, 9, 2), 0.4, np.float32)
    for strength in DISTORTIONS[name].strengths:
        np.testing.assert_allclose(under(name, grey, strength), grey, rtol=0, atol=1e-6)


def test_light_is_what_the_formulas_say() -> None:
    image = np.array([[[0.2, 0.5, 0.9], [0.4, 0.5, 0.1]]], np.float32)
    means = np.array([0.3, 0.5, 0.5])

    def same(name: str, strength: float, wanted: np.ndarray) -> None:
        np.testing.assert_allclose(under(name, image, strength), np.clip(wanted, 0, 1), rtol=0, atol=1e-6)

    same("brightness", 0.3, image + 0.3)
    same("brightness", -0.15, image - 0.15)
    same("contrast", 0.4, means + 0.4 * (image - means))
    same("contrast", 2.0, means + 2 * (image - means))
    same("colour-cast", 0.2, image * [1.2, 1.0, 0.8])
    same("colour-cast", -0.2, image * [0.8, 1.0, 1.2])
    same("haze", 0.4, 0.6 * image + 0.4)


def test_a_single_band_has_no_colour_and_gets_the_first_gain() -> None:
    np.testing.assert_allclose(under("colour-cast", np.full((2, 2, 1), 0.5, np.float32), 0.2), 0.6, atol=1e-6)


def test_blur_is_a_gaussian_of_a_share_of_the_side() -> None:
    image = random_image(20, 30, 2)
    sigma = 0.02 * 20
    reach = 8
    near = np.arange(-reach, reach + 1)
    kernel = np.exp(-(near[:, None] ** 2 + near[None] ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    wanted = np.zeros_like(image, dtype=np.float64)
    for row in range(20):
        for col in range(30):
            for down in near:
                for right in near:
                    there = image[mirrored(row + down, 20), mirrored(col + right, 30)]
                    wanted[row, col] += kernel[down + reach, right + reach] * there
    np.testing.assert_allclose(under("blur", image, 2.0), wanted, rtol=0, atol=1e-3)
    np.testing.assert_allclose(under("blur", image, 4.0).mean(axis=(0, 1)), image.mean(axis=(0, 1)), rtol=0, atol=1e-6)


def test_noise_has_its_standard_deviation_and_no_mean() -> None:
    grey = np.full((128, 128, 3), 0.5, np.float32)
    added = under("noise", grey, 0.1) - grey
    assert added.std() == pytest.approx(0.1, rel=0.02)
    assert added.mean() == pytest.approx(0, abs=0.002)
    assert np.corrcoef(added.reshape(-1, 3).T)[0, 1] == pytest.approx(0, abs=0.03)
    assert not np.array_equal(added, distorted(DISTORTIONS["noise"], grey, 0.1, key="other") - grey)
    assert not np.allclose(2 * added, under("noise", grey, 0.2) - grey, atol=0.01)


@pytest.mark.parametrize("strengths", [(), (2.0, 1.0), (1.0, 1.0), (0.0, 1.0)])
def test_strengths_ascend_and_leave_the_neutral_one_out(strengths) -> None:
    with pytest.raises(ValueError, match="strengths of odd are ascending and without the neutral 0, got"):
        Distortion("odd", "nothing", "", 0.0, strengths, lambda image, strength, rng: image)
