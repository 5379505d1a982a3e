"""Gains, biases and gammas in words."""

import numpy as np
import pytest

from terrakin.search.conversions.spectral import read_gains, read_gamma, read_gamma_grid, read_gammas

RGB = ("red", "green", "blue")


@pytest.mark.parametrize(
    ("theta", "words"),
    [
        ([1, 1, 1, 0], "unchanged"),
        ([1.004, 0.996, 1, 0.0004], "unchanged"),
        ([1, 1, 1, 0.1], "all bands + 0.100"),
        ([0.5, 1, -1.25, -0.02], "red × 0.50, green × 1.00, blue × -1.25, all bands - 0.020"),
    ],
)
def test_gains_and_a_bias(theta, words) -> None:
    found = read_gains(np.array(theta, float), bands=RGB)
    assert found.words == words
    assert dict(found.parameters) == dict(zip(["gain_red", "gain_green", "gain_blue", "bias"], theta, strict=True))


@pytest.mark.parametrize(
    ("theta", "words"), [(0, "unchanged"), (np.log(2), "gamma 2.00, darker"), (-np.log(2), "gamma 0.50, brighter")]
)
def test_one_gamma(theta, words) -> None:
    found = read_gamma(np.array([theta]))
    assert found.words == words
    assert found.parameters["gamma"] == pytest.approx(np.exp(theta))


def test_a_gamma_for_each_band() -> None:
    found = read_gammas(np.log([1.0, 2.0, 0.5]), bands=RGB)
    assert found.words == "gamma: red 1.00, green 2.00, blue 0.50"
    assert dict(found.parameters) == pytest.approx({"gamma_red": 1, "gamma_green": 2, "gamma_blue": 0.5})
    assert read_gammas(np.zeros(3), bands=RGB).words == "unchanged"


@pytest.mark.parametrize(
    ("cell", "where"),
    [(0, "upper left"), (5, "upper right"), (14, "centre"), (18, "middle left"), (26, "lower centre"), (35, "lower right")],
)
def test_a_gamma_for_each_place_tells_where(cell, where) -> None:
    theta = np.zeros(36)
    theta[cell] = np.log(2)
    found = read_gamma_grid(theta)
    assert (found.parameters["largest_gamma"], found.parameters["largest_gamma_at"]) == (pytest.approx(2), where)
    assert f"to 2.00 ({where}), 1.02 on average" in found.words


def test_a_gamma_that_is_the_same_everywhere_is_one() -> None:
    assert read_gamma_grid(np.zeros(36)).words == "unchanged"
    assert read_gamma_grid(np.full(36, np.log(1.5))).words == "gamma 1.50, darker"
