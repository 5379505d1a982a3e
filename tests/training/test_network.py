"""Networks and losses of a recipe."""

from collections.abc import Callable

import pytest
import torch

from terrakin.errors import RecipeError
from terrakin.training.network import build, build_losses
from terrakin.training.recipe import Recipe

Make = Callable[..., Recipe]
FRONTEND = ("data.size=18", "export.size=18", "frontend.name=jsst")


def test_a_network_is_backbone_and_head(recipe: Make) -> None:
    network = build(recipe("backbone.width=4", "head={name='fc', hidden=6}"), bands=5, classes=3)
    pixels = torch.randn(2, 5, 32, 32)
    output = network.eval()(pixels)
    assert (output.embedding.shape, output.logits.shape) == ((2, 6), (2, 3))
    assert torch.equal(output.embedding, network.head(network.backbone(pixels)).embedding)


def test_what_is_frozen_does_not_learn(recipe: Make) -> None:
    network = build(recipe("backbone.freeze=['stem']"), bands=3, classes=3)
    learning = {name.split(".")[1] for name, value in network.backbone.named_parameters(prefix="b") if value.requires_grad}
    assert learning == {"last"}


def test_a_stage_that_is_not_there(recipe: Make) -> None:
    with pytest.raises(
        RecipeError, match=r"cannot freeze 'stm': Tiny has no such stage; did you mean 'stem'\? There are: stem, last"
    ):
        build(recipe("backbone.freeze=['stem', 'stm']"), bands=3, classes=3)


def test_a_term_sees_its_part(distilling: Make) -> None:
    recipe = distilling("head.parts=[5, 3, 4]", "loss.1.part=1")
    network = build(recipe, bands=3, classes=3)
    whole, part = build_losses(recipe, network, classes=3)
    assert (whole.columns, part.columns) == (None, slice(5, 8))
    assert (tuple(whole.proxies.shape), part.size) == ((3, 12), 3)


@pytest.mark.parametrize("part", [-1, 2])
def test_a_part_that_is_not_there(distilling: Make, part: int) -> None:
    recipe = distilling("head.parts=[5, 3]", f"loss.1.part={part}")
    network = build(recipe, bands=3, classes=3)
    with pytest.raises(RecipeError, match=rf"\[\[loss\]\] 1: the head gives 2 parts, numbered from 0; got {part}"):
        build_losses(recipe, network, classes=3)


def test_a_front_end_gets_pixels_as_they_are_and_the_backbone_normalised_ones(recipe: Make) -> None:
    network = build(recipe(*FRONTEND, "frontend.spectral=gamma"), bands=5, classes=3).eval()
    pixels = torch.rand(2, 5, 18, 18)
    with torch.no_grad():
        for generator in network.frontend.generators:
            torch.nn.init.normal_(generator.regression.weight, std=0.1)
        output, (converted, theta, steps) = network(pixels), network.frontend(pixels)
    wanted = network.head(network.backbone((converted - 0.5) / 0.25))
    torch.testing.assert_close(output.embedding, wanted.embedding)
    torch.testing.assert_close(output.theta, theta)
    assert list(output.steps) == ["affine", "gamma"]
    assert torch.equal(output.steps["affine"], steps["affine"])
    assert torch.equal(output.steps["gamma"], converted)
    assert theta.shape == (2, 7)
    assert not torch.equal(theta[0], theta[1])


def test_what_comes_in_is_normalised_once(recipe: Make) -> None:
    plain, corrected = (build(recipe(*changes), bands=4, classes=3) for changes in ((), FRONTEND))
    assert (plain.mean, plain.std) == ((0.5,) * 4, (0.25,) * 4)
    assert (corrected.mean, corrected.std) == ((0.0,) * 4, (1.0,) * 4)
    assert plain.eval()(torch.rand(2, 4, 18, 18))[2:] == (None, None)


def test_a_front_end_changes_nothing_at_first(recipe: Make) -> None:
    networks = []
    for changes in ((), FRONTEND):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            networks.append(build(recipe(*changes), bands=3, classes=3).eval())
    plain, corrected = networks
    assert set(corrected.state_dict()) - set(plain.state_dict()) == {
        f"frontend.{name}" for name, _ in corrected.frontend.named_parameters()
    }
    pixels = torch.rand(2, 3, 18, 18)
    wanted = plain((pixels - 0.5) / 0.25).embedding
    torch.testing.assert_close(corrected(pixels).embedding, wanted, rtol=0, atol=1e-4)


def test_a_front_end_learns_through_what_is_frozen(recipe: Make) -> None:
    network = build(recipe(*FRONTEND, "backbone.freeze=['stem', 'last']"), bands=3, classes=3).train()
    network(torch.rand(4, 3, 18, 18)).embedding.square().sum().backward()
    assert network.frontend.generators[0].regression.weight.grad.any()
    assert all(weight.grad is None for weight in network.backbone.parameters())


def test_in_mixed_precision_the_front_end_keeps_float32(recipe: Make) -> None:
    network = build(recipe(*FRONTEND), bands=3, classes=3).eval()
    pixels = torch.rand(2, 3, 18, 18)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        mixed, maps = network(pixels), network.maps(pixels)[0]
    assert maps.dtype == torch.bfloat16
    assert mixed.theta.dtype == torch.float32
    assert torch.equal(mixed.theta, network.frontend(pixels).theta)
