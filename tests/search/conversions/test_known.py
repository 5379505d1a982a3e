"""Theta, part by part."""

import numpy as np
import pytest

from terrakin.bundles.conversions import Conversions, Part
from terrakin.errors import BundleError
from terrakin.search.conversions.known import read_theta

RGB = ("red", "green", "blue")


def said(*parts: tuple[str, int]) -> Conversions:
    return Conversions("jsst", tuple(Part(*part) for part in parts), tuple(name for name, _ in reversed(parts)))


def test_parts_are_taken_in_their_order_and_told_in_that_in_which_they_act() -> None:
    theta = np.array([0, -1, 0, 1, 0, 0, 2, 1, 1, 0], np.float32)
    readings = read_theta(theta, said(("affine", 6), ("linear", 4)), bands=RGB, size=16)
    assert [(name, reading.kind, reading.words) for name, reading in readings.items()] == [
        ("linear", "spectral", "red × 2.00, green × 1.00, blue × 1.00"),
        ("affine", "spatial", "turned 90.0° counter-clockwise"),
    ]


def test_a_conversion_of_a_third_party_is_told_by_its_numbers() -> None:
    (reading,) = read_theta(np.array([0.5, -2], np.float32), said(("haze", 2)), bands=RGB, size=16).values()
    assert (reading.kind, reading.words) == ("other", "2 numbers from -2 to 0.5")
    assert dict(reading.parameters) == {"theta_1": 0.5, "theta_2": -2}


@pytest.mark.parametrize("part", [("affine", 5), ("tps", 70), ("linear", 3), ("gamma", 2), ("gamma-band", 2)])
def test_a_part_of_another_length_is_refused(part) -> None:
    with pytest.raises(BundleError, match=f"the {part[1]} parameters of {part[0]} cannot be read for 3 bands: "):
        read_theta(np.ones(part[1], np.float32), said(part), bands=RGB, size=16)


@pytest.mark.parametrize("part", [("gamma", 1), ("gamma-band", 3), ("gamma-grid", 36)])
def test_what_has_no_number_is_refused(part) -> None:
    with pytest.raises(BundleError, match="cannot be read for 3 bands: overflow"):
        read_theta(np.full(part[1], 1e4, np.float32), said(part), bands=RGB, size=16)
    with pytest.raises(BundleError, match="the front-end jsst gives parameters that are no numbers"):
        read_theta(np.full(part[1], np.nan, np.float32), said(part), bands=RGB, size=16)
