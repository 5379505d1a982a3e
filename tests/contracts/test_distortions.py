"""What every distortion does."""

import itertools

import numpy as np
import pytest

from terrakin.evaluation.distortions.distortion import Distortion, distorted
from terrakin.evaluation.distortions.known import DISTORTIONS

pytestmark = pytest.mark.parametrize("name", sorted(DISTORTIONS))
BANDS = [1, 3, 13]


def image(bands: int, height: int = 40, width: int = 40) -> np.ndarray:
    """A slope with one bright spot and a little grain, in the middle of the range: no distortion leaves it as it was."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    grain = np.random.default_rng(bands).uniform(-0.03, 0.03, (height, width, bands))
    spot = 0.25 * np.exp(-((x - 0.3) ** 2 + (y - 0.4) ** 2) / 0.01)
    shade = np.linspace(0.9, 1.1, bands)
    return ((0.3 + 0.2 * x + 0.15 * y + spot)[:, :, None] * shade + grain).astype(np.float32)


def departure(distortion: Distortion, strength: float, bands: int) -> float:
    """Mean over some chips, so that the chance of noise does not matter."""
    plain = image(bands, 160, 160)
    return float(np.mean([np.abs(distorted(distortion, plain, strength, key=key) - plain).mean() for key in "abc"]))


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("shape", [(40, 40), (24, 40), (1, 1)])
def test_shape_type_and_range_are_kept(name, bands, shape) -> None:
    distortion = DISTORTIONS[name]
    plain = image(bands, *shape)
    extremes = np.round(plain + 0.2)  # nothing but 0 and 1
    for strength in distortion.strengths:
        for one in (plain, extremes):
            found = distorted(distortion, one, strength, key="chip")
            assert found.shape == one.shape
            assert found.dtype == np.float32
            assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.parametrize("bands", BANDS)
def test_the_neutral_strength_changes_nothing(name, bands) -> None:
    distortion = DISTORTIONS[name]
    np.testing.assert_allclose(
        distorted(distortion, image(bands), distortion.neutral, key="chip"), image(bands), rtol=0, atol=1e-7
    )


@pytest.mark.parametrize("bands", BANDS)
def test_the_further_from_neutral_the_larger_the_change(name, bands) -> None:
    distortion = DISTORTIONS[name]
    below = [strength for strength in reversed(distortion.strengths) if strength < distortion.neutral]
    above = [strength for strength in distortion.strengths if strength > distortion.neutral]
    for side in filter(None, (below, above)):
        changes = [departure(distortion, strength, bands) for strength in side]
        assert all(one < other for one, other in itertools.pairwise([0, *changes])), changes


@pytest.mark.parametrize("bands", BANDS)
def test_the_same_chip_is_always_changed_alike(name, bands) -> None:
    distortion = DISTORTIONS[name]
    strength = distortion.strengths[-1]
    one, again = (distorted(distortion, image(bands), strength, key="chip") for _ in range(2))
    np.testing.assert_array_equal(one, again)
    other = distorted(distortion, image(bands), strength, key="other chip")
    assert np.array_equal(one, other) == (name != "noise")


def test_the_image_is_not_modified_nor_its_layout_seen(name) -> None:
    distortion = DISTORTIONS[name]
    plain = image(3)
    bands_first = np.moveaxis(np.ascontiguousarray(np.moveaxis(plain, 2, 0)), 0, 2)
    kept = plain.copy()
    plain.setflags(write=False)
    for strength in (distortion.neutral, distortion.strengths[0]):
        np.testing.assert_array_equal(
            distorted(distortion, plain, strength, key="chip"), distorted(distortion, bands_first, strength, key="chip")
        )
    np.testing.assert_array_equal(plain, kept)


def test_it_says_what_it_is(name) -> None:
    distortion = DISTORTIONS[name]
    assert distortion.name == name
    assert distortion.words
    assert len(distortion.strengths) >= 5
