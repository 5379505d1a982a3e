"""The three-branch network of BigEarthNet, and the single branch that it is compared with."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from terrakin.datasets.bigearthnet import BANDS
from terrakin.errors import RecipeError
from terrakin.nn.backbones.branches import SingleBranch, ThreeBranch
from terrakin.nn.heads.classifier import Classifier
from terrakin.nn.heads.fc_block import FcBlock
from terrakin.training.draft import Draft
from terrakin.training.export import export
from terrakin.training.network import Network

SIDE = 24


def stacked(count: int, side: int = SIDE) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Native bands by their names, and the stacked image that they make."""
    generator = torch.Generator().manual_seed(count)
    native = {}
    for step, names in (
        (1, ThreeBranch.resolutions["branch10"]),
        (2, ThreeBranch.resolutions["branch20"]),
        (6, ("B01", "B09")),
    ):
        for name in names:
            native[name] = torch.rand(count, side // step, side // step, generator=generator)
    bands = [native[name] for name in BANDS]
    repeated = [band.repeat_interleave(side // band.shape[1], 1).repeat_interleave(side // band.shape[2], 2) for band in bands]
    return native, torch.stack(repeated, dim=1)


def settled(module: nn.Module, images: torch.Tensor) -> nn.Module:
    """At rest, with the statistics of a batch."""
    with torch.no_grad():
        module.train()(images)
    return module.eval().requires_grad_(False)


def parameters(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


@pytest.mark.parametrize(("classes", "count"), [(43, 16_526_347), (19, 16_523_251)])
def test_three_branches_have_as_many_parameters_as_the_public_code(classes: int, count: int) -> None:
    with torch.device("meta"):
        assert parameters(ThreeBranch(), FcBlock(384, classes)) == count


@pytest.mark.parametrize(("classes", "count"), [(43, 7_432_747), (19, 7_429_651)])
def test_a_single_branch_has_seven_million_parameters(classes: int, count: int) -> None:
    with torch.device("meta"):
        assert parameters(SingleBranch(), Classifier(128, classes, hidden=0, feature="pooled")) == count


def test_what_is_flattened_is_as_long_as_written() -> None:
    with torch.device("meta"):
        three, single = ThreeBranch(), SingleBranch()
    linear = {name: module.in_features for name, module in three.named_modules() if isinstance(module, nn.Linear)}
    assert list(linear.values()) == [57_600, 57_600, 12_800]
    assert [module.in_features for module in single.modules() if isinstance(module, nn.Linear)] == [57_600]


def test_layers_are_those_of_the_table() -> None:
    with torch.device("meta"):
        three = ThreeBranch()
    found = {
        name: [(*module.kernel_size, module.in_channels, module.out_channels) for module in three.get_submodule(name).modules()
               if isinstance(module, nn.Conv2d)]
        for name in three.stages
    }  # fmt: skip
    assert found == {
        "branch10": [(5, 5, 4, 32), (5, 5, 32, 32), (3, 3, 32, 64)],
        "branch20": [(3, 3, 6, 32), (3, 3, 32, 32), (3, 3, 32, 64)],
        "branch60": [(2, 2, 2, 32), (2, 2, 32, 32), (2, 2, 32, 32)],
    }
    for name, pools in (("branch10", [0, 1]), ("branch20", [0]), ("branch60", [])):
        blocks, _, last = three.get_submodule(name)
        assert [place for place, block in enumerate(blocks) if any(isinstance(one, nn.MaxPool2d) for one in block)] == pools
        # Dropout comes last in a block, after its pooling.
        assert [block[-1].p for block in blocks] == [0.25] * 3
        assert last.p == 0.5


def test_initial_weights_are_xaviers() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        three = ThreeBranch(side=SIDE)
    for module in three.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(module.weight)
            assert module.weight.abs().max().item() == pytest.approx((6 / (fan_in + fan_out)) ** 0.5, rel=0.1)
            assert not module.bias.any()


def test_an_even_kernel_is_padded_at_the_right_and_the_bottom() -> None:
    pad, convolution = ThreeBranch(side=SIDE).branch60[0][0][:2]
    images = torch.rand(2, 2, 4, 4)
    wanted = F.conv2d(F.pad(images, (0, 1, 0, 1)), convolution.weight, convolution.bias)
    torch.testing.assert_close(convolution(pad(images)), wanted, rtol=0, atol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it copies the images
        torch.testing.assert_close(wanted, F.conv2d(images, convolution.weight, convolution.bias, padding="same"))


def test_slicing_the_stacked_image_gives_back_every_native_pixel() -> None:
    native, images = stacked(3)
    grids = ThreeBranch(side=SIDE).native(images)
    assert {name: tuple(grid.shape[1:]) for name, grid in grids.items()} == {
        "branch10": (4, 24, 24),
        "branch20": (6, 12, 12),
        "branch60": (2, 4, 4),
    }
    for branch, names in ThreeBranch.resolutions.items():
        for place, name in enumerate(names):
            assert torch.equal(grids[branch][:, place], native[name])


def test_the_order_of_bands_is_the_data_sets() -> None:
    assert ThreeBranch.reads == BANDS
    assert sorted(name for names in ThreeBranch.resolutions.values() for name in names) == sorted(BANDS)


@pytest.mark.parametrize("name", ["three-branch", "single-branch"])
def test_at_rest_an_image_does_not_see_the_others(name: str) -> None:
    network, images = network_of(name), stacked(5)[1]
    together = network(images)
    for row in range(5):
        alone = network(images[row : row + 1])
        torch.testing.assert_close(alone.embedding, together.embedding[row : row + 1], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(alone.logits, together.logits[row : row + 1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["three-branch", "single-branch"])
def test_gradients_reach_every_parameter_and_every_native_pixel(name: str) -> None:
    network, images = network_of(name).requires_grad_().train(), stacked(6)[1].requires_grad_()
    output = network(images)
    (output.logits * torch.rand(output.logits.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
    assert [key for key, parameter in network.named_parameters() if parameter.grad is None] == []
    assert images.grad.any(dim=(0, 2, 3)).all()


@pytest.mark.parametrize("name", ["three-branch", "single-branch"])
def test_stages_are_all_of_it(name: str) -> None:
    backbone = network_of(name).backbone
    backbone.requires_grad_()
    backbone.freeze(backbone.stages)
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    backbone.freeze(backbone.stages[:1])
    assert any(parameter.requires_grad for parameter in backbone.parameters())


@pytest.mark.parametrize("name", ["three-branch", "single-branch"])
def test_a_bundle_gives_what_torch_gives(name: str) -> None:
    network = network_of(name)
    draft = Draft("a-test", "1", BANDS, SIDE, (0.0,) * 12, (1.0,) * 12, "none", "Apache-2.0")
    bundle = export(network, draft, card="For a test.")
    images = stacked(4)[1]
    np.testing.assert_allclose(bundle.raw(images.numpy()), network(images).embedding.numpy(), rtol=0, atol=1e-4)
    assert bundle.passport.outputs == ("embedding", "logits")


def test_other_images_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"three-branch reads 12 bands, B01, .*, in that order; got 3"):
        ThreeBranch(3)
    with pytest.raises(
        RecipeError, match=r"three-branch is for images whose side is a multiple of 12 pixels, got 30; take 120"
    ):
        ThreeBranch(side=30)
    with pytest.raises(RecipeError, match=r"single-branch is for images whose side is a multiple of 4 pixels, got 30"):
        SingleBranch(side=30)
    with pytest.raises(RecipeError, match=r"this three-branch was made for images of 12 x 24 x 24 .*, got 12 x 36 x 36"):
        ThreeBranch(side=24)(torch.zeros(2, 12, 36, 36))
    with pytest.raises(RecipeError, match=r"this single-branch was made for images of 5 x 24 x 24 .*, got 12 x 24 x 24"):
        SingleBranch(5, side=24)(torch.zeros(2, 12, 24, 24))
    with pytest.raises(RecipeError, match="an embedding is 1 or more wide, got width 0; try 128"):
        FcBlock(384, 19, width=0)


def network_of(name: str) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        if name == "three-branch":
            network = Network(ThreeBranch(side=SIDE), FcBlock(384, 7, width=16))
        else:
            network = Network(SingleBranch(side=SIDE), Classifier(128, 7, hidden=0, feature="pooled", dropout=0.5))
        return settled(network, stacked(8)[1])
