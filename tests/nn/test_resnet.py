"""ResNet-34 with parts added: what they compute, and weights of the plain network in them."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from terrakin.errors import TrainingError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.backbones.resnet import ResNet34
from terrakin.nn.backbones.selective import ResNet34SK
from terrakin.nn.backbones.squeeze import ResNet34SE

ADDED = {ResNet34SE: "se", ResNet34SK: "selective"}
pytestmark = pytest.mark.parametrize("made", ADDED, ids=ADDED.values())


def fresh(made: Any, seed: int = 0, bands: int = 3) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return made(bands).eval()


@pytest.fixture(scope="module")
def published() -> dict[str, torch.Tensor]:
    """A checkpoint of ResNet-34 with statistics that are not those of a fresh one."""
    with torch.random.fork_rng():
        torch.manual_seed(9)
        network = ResNet34()
        for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)):
            norm.running_var.uniform_(0.5, 1.5)
            norm.running_mean.normal_()
        return {**network.state_dict(), "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}


def test_weights_of_the_plain_network_are_taken_and_the_new_parts_are_fresh(made, published) -> None:
    network, before = fresh(made), fresh(made).state_dict()
    network.load_published(published)
    for name, values in network.state_dict().items():
        if name in published:
            assert torch.equal(values, published[name])
        elif ".conv." not in name and ".bn." not in name:
            assert torch.equal(values, before[name])


def test_weights_of_its_own_are_taken_whole(made) -> None:
    network, other = fresh(made), fresh(made, seed=1)
    network.load_published(other.state_dict())
    pixels = torch.rand(2, 3, 32, 32)
    assert torch.equal(network(pixels), other(pixels))


def test_images_of_other_bands_take_them_too(made, published) -> None:
    network = fresh(made, bands=5)
    network.load_published(published)
    assert torch.equal(network.layer1[0].conv1.weight, published["layer1.0.conv1.weight"])


@pytest.mark.parametrize("key", ["layer1.0.conv1.weight", "layer4.2.bn2.running_var", "conv1.weight"])
def test_what_else_is_missing_is_told(made, published, key) -> None:
    with pytest.raises(TrainingError, match=f"missing: {key}"):
        fresh(made).load_published({name: values for name, values in published.items() if name != key})


def test_a_part_of_the_new_parts_is_not_enough(made) -> None:
    state = fresh(made).state_dict()
    gone = next(name for name in state if ADDED[made] in name.split("."))
    with pytest.raises(TrainingError, match=f"missing: {gone}"):
        fresh(made).load_published({name: values for name, values in state.items() if name != gone})


def test_it_says_whose_weights_it_takes(made) -> None:
    assert BACKBONES[made.plain] is ResNet34


def test_a_block_computes_what_its_formula_says(made, published) -> None:
    network = fresh(made)
    network.load_published(published)
    block, maps = network.layer2[0], torch.rand(3, 64, 6, 5)
    if made is ResNet34SE:
        change = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(maps)))))
        means = change.flatten(2).mean(dim=2)
        hidden = F.relu(means @ block.se.squeeze.weight[:, :, 0, 0].T + block.se.squeeze.bias)
        weights = 1 / (1 + torch.exp(-(hidden @ block.se.excite.weight[:, :, 0, 0].T + block.se.excite.bias)))
        change = weights[:, :, None, None] * change
    else:
        part = block.selective
        near = F.relu(block.bn1(block.conv1(maps)))
        far = F.relu(part.bn(F.conv2d(maps, part.conv.weight, stride=2, padding=2, dilation=2)))
        scores = part.weigh(part.squeeze((near + far).mean(dim=(2, 3), keepdim=True)))
        first, second = torch.exp(scores[:, :128]), torch.exp(scores[:, 128:])
        change = block.bn2(block.conv2((first * near + second * far) / (first + second)))
    torch.testing.assert_close(block(maps), F.relu(change + block.downsample(maps)))


def test_both_branches_begin_with_the_published_kernel(made, published) -> None:
    if made is not ResNet34SK:
        pytest.skip("it has one branch")
    network = fresh(made)
    network.load_published(published)
    for layer, block in ((1, 0), (2, 0), (4, 2)):
        there = f"layer{layer}.{block}"
        mine = network.get_submodule(f"{there}.selective")
        assert torch.equal(mine.conv.weight, published[f"{there}.conv1.weight"])
        for name, values in mine.bn.state_dict().items():
            assert torch.equal(values, published[f"{there}.bn1.{name}"])
