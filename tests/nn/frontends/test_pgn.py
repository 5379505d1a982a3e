"""The parameter generation network: its size, its start and its first steps."""

import pytest
import torch

from terrakin.errors import RecipeError
from terrakin.nn.frontends.pgn import PGN


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("bands", "size", "length", "wanted"),
    [
        (3, 224, 10, 1_184 + 2_010 + 865_312 + 330),
        (13, 224, 20, 49 * 13 * 8 + 8 + 2_010 + 865_312 + 660),
        (3, 128, 10, 1_184 + 2_010 + (7_840 * 32 + 32) + 330),
    ],
)
def test_it_is_as_large_as_its_layers(bands, size, length, wanted):
    with torch.device("meta"):
        assert count(PGN(bands, size, torch.zeros(length))) == wanted


@pytest.mark.parametrize("size", [18, 19, 20, 21, 22, 23, 33, 50])
def test_it_reads_images_of_its_size_whatever_the_remainders(size, draw):
    assert PGN(3, size, torch.zeros(7))(draw(2, 3, size, size)).shape == (2, 7)


def test_images_too_small_to_pool_are_refused():
    with pytest.raises(RecipeError, match="needs images of 18 px or more, got 17"):
        PGN(3, 17, torch.zeros(7))


def test_it_starts_with_the_identity_for_every_image(draw):
    identity = draw(7, seed=3)
    assert torch.equal(PGN(3, 20, identity)(draw(4, 3, 20, 20)), identity.expand(4, -1))


def test_the_regression_layer_learns_at_the_first_step_and_the_rest_from_the_second(draw):
    torch.manual_seed(0)
    network, images = PGN(3, 20, torch.zeros(7)), draw(4, 3, 20, 20)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    learning = []
    for _ in range(2):
        optimizer.zero_grad()
        (network(images) * draw(4, 7, seed=5)).sum().backward()
        learning.append([name for name, parameter in network.named_parameters() if parameter.grad.any()])
        optimizer.step()
    assert learning[0] == ["regression.weight", "regression.bias"]
    assert learning[1] == [name for name, _ in network.named_parameters()]


def test_images_reach_the_hidden_units_with_he_and_hardly_without(draw):
    images = draw(16, 3, 32, 32) * draw(16, 3, 1, 1, seed=2)
    apart = {}
    for name in ("pytorch", "he"):
        torch.manual_seed(0)
        network = PGN(3, 32, torch.zeros(7), initialisation=name)
        torch.nn.init.ones_(network.regression.weight)
        apart[name] = network(images).std(0).mean()
    assert apart["he"] > 10 * apart["pytorch"]


def test_a_limit_holds_however_far_the_regression_layer_goes(draw):
    identity = draw(7, seed=3)
    network = PGN(3, 20, identity, limit=0.5)
    assert torch.allclose(network(draw(4, 3, 20, 20)), identity.expand(4, -1))
    with torch.no_grad():
        network.regression.bias += torch.tensor([1e6, -1e6, 0.01, 0, 0, 0, 0])
    far = network(draw(4, 3, 20, 20)) - identity
    assert torch.allclose(far[0], torch.tensor([0.5, -0.5, 0.01, 0, 0, 0, 0], dtype=far.dtype), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"initialisation": "xavier"}, "initialisation is pytorch or he, got 'xavier'"),
        ({"limit": -1.0}, r"limit is above 0, or 0 for none, got -1\.0"),
    ],
)
def test_options_that_do_not_exist_are_refused(options, words):
    with pytest.raises(RecipeError, match=words):
        PGN(3, 20, torch.zeros(7), **options)
