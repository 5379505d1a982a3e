"""Gamma corrections against powers."""

import math

import pytest
import torch

from terrakin.nn.frontends.gamma import Gamma, GammaGrid

KINDS = {"gamma": lambda: Gamma(1), "gamma-band": lambda: Gamma(3), "gamma-grid": GammaGrid}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("gamma", "power"), [(1, lambda x: x), (2, lambda x: x * x), (0.5, lambda x: x.sqrt())])
def test_a_gamma_is_a_power(name, gamma, power, draw, close):
    images, conversion = draw(2, 3, 8, 9), KINDS[name]()
    theta = torch.full((2, conversion.length), math.log(gamma))
    close(conversion(images, theta), power(images), 1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_it_starts_as_the_identity_also_where_there_is_nothing(name, close):
    conversion, images = KINDS[name](), torch.zeros(1, 3, 6, 6)
    close(conversion(images, conversion.identity[None]), images, 1.1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_gradients_are_those_of_differences(name, draw):
    conversion = KINDS[name]()
    images, theta = draw(2, 3, 7, 5) * 0.9 + 0.05, draw(2, conversion.length, seed=1) - 0.5
    assert torch.autograd.gradcheck(conversion, (images.requires_grad_(), theta.requires_grad_()))


@pytest.mark.parametrize("name", KINDS)
def test_values_below_zero_have_finite_values_and_gradients(name):
    conversion, images = KINDS[name](), torch.full((1, 3, 6, 6), -0.1, requires_grad=True)
    theta = torch.full((1, conversion.length), -0.3, requires_grad=True)
    found = conversion(images, theta)
    found.sum().backward()
    assert found.min() > 0
    assert all(torch.isfinite(values.grad).all() for values in (images, theta))


def test_a_band_has_its_own(draw, close):
    images, gammas = draw(1, 3, 4, 4), torch.tensor([[2.0, 1.0, 3.0]])
    found = Gamma(3)(images, gammas.log())
    close(found, torch.stack([images[0, band] ** gammas[0, band] for band in range(3)])[None], 1e-12)


def test_a_cell_of_the_grid_acts_around_its_centre_and_on_all_bands(close):
    images, theta = torch.full((1, 2, 18, 36), 0.5), torch.zeros(1, 36)
    theta[0, 6 * 2 + 4] = math.log(2)  # the third row of cells, the fifth column
    found = GammaGrid()(images, theta)
    # Cells are 3 x 6 pixels here; the centre of this one is the pixel in row 7, between columns 26 and 27.
    beside = 11 / 12
    close(found[0, 0, 7, [26, 27]], torch.full((2,), 0.5 ** (2**beside)), 1e-12)
    close(found[0, 0, 7 + 1, 26], torch.tensor(0.5 ** (2 ** (beside * 2 / 3))), 1e-12)
    changed = (found != images).nonzero()
    assert changed[:, 1].unique().tolist() == [0, 1]
    assert (changed[:, 2].min(), changed[:, 2].max()) == (5, 9)
    assert (changed[:, 3].min(), changed[:, 3].max()) == (21, 32)
