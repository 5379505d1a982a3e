"""Networks and losses of a recipe."""

from collections.abc import Callable

import pytest
import torch

from terrakin.errors import RecipeError
from terrakin.training.network import build, build_losses
from terrakin.training.recipe import Recipe

Make = Callable[..., Recipe]


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
