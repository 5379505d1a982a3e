"""Gains and bias against their formula."""

import pytest
import torch

from terrakin.nn.frontends.linear import GainsAndBias


@pytest.mark.parametrize("bands", [3, 4, 13])
def test_each_band_has_its_gain_and_all_have_one_bias(bands, draw):
    images, theta = draw(2, bands, 4, 5), draw(2, bands + 1, seed=1)
    found = GainsAndBias(bands)(images, theta)
    for number in range(2):
        for band in range(bands):
            assert torch.equal(found[number, band], images[number, band] * theta[number, band] + theta[number, bands])


def test_gradients_are_those_of_the_formula(draw, close):
    images, theta, weight = draw(2, 3, 4, 5), draw(2, 4, seed=1).requires_grad_(), draw(2, 3, 4, 5, seed=2)
    (GainsAndBias(3)(images, theta) * weight).sum().backward()
    for number in range(2):
        for band in range(3):
            close(theta.grad[number, band], (weight[number, band] * images[number, band]).sum(), 1e-10)
        close(theta.grad[number, 3], weight[number].sum(), 1e-10)


def test_gradients_are_those_of_differences(draw):
    assert torch.autograd.gradcheck(GainsAndBias(3), (draw(2, 3, 3, 4).requires_grad_(), draw(2, 4).requires_grad_()))


def test_nothing_is_clamped(draw):
    assert GainsAndBias(1)(torch.ones(1, 1, 1, 1), torch.tensor([[3.0, -5.0]])).item() == -2


def test_the_identity_changes_nothing(draw):
    images, linear = draw(2, 4, 5, 5), GainsAndBias(4)
    assert torch.equal(linear(images, linear.identity.expand(2, -1)), images)
