"""What every backbone must do."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from terrakin.errors import TrainingError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.output import Output
from terrakin.training.draft import Draft
from terrakin.training.export import export

# Made for images of one size, without published weights: tests/nn/test_branches.py holds them to what they say.
OF_ONE_SIZE = {"single-branch", "three-branch"}
NAMES = sorted(set(BACKBONES) - OF_ONE_SIZE)
BANDS = [3, 4, 13]

# One network of each family is enough for what is about operators; the others differ in numbers.
FAMILIES = {"mobilenetv2": "mobilenetv2", "resnet": "resnet18", "se": "resnet34-se", "sk": "resnet34-sk"}


def fresh(name: str, bands: int = 3, *, seed: int = 7) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return BACKBONES[name](bands)


@cache
def resting(name: str, bands: int = 3) -> Any:
    """In evaluation mode, and never changed."""
    return settled(fresh(name, bands)).requires_grad_(False)


def settled(network: Any) -> Any:
    """In evaluation mode, with the statistics of a batch: without any, values vanish or grow from layer to layer."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    bands = next(network.parameters()).shape[1]
    with torch.no_grad():
        # Of different brightness: where all means agree, a batch norm of means divides by next to nothing.
        pixels = images(4, bands) * torch.tensor([0.25, 0.5, 0.75, 1.0])[:, None, None, None]
        network.train()(normalised(pixels, network))
    for norm in norms:
        norm.momentum = 0.1
    return network.eval()


def outline(name: str, bands: int = 3) -> Any:
    """Names and shapes without values, which cost time to draw."""
    with torch.device("meta"):
        return BACKBONES[name](bands)


def images(count: int, bands: int = 3, height: int = 64, width: int = 64) -> torch.Tensor:
    return torch.rand(count, bands, height, width, generator=torch.Generator().manual_seed(count))


def normalised(pixels: torch.Tensor, network: Any) -> torch.Tensor:
    mean, std = (torch.tensor(of)[:, None, None] for of in (network.mean, network.std))
    return (pixels - mean) / std


def backward(network: nn.Module, pixels: torch.Tensor) -> None:
    """Gradients of a sum in which every value of the feature map weighs differently: batch norm hides plain sums."""
    maps = network(pixels)
    (maps * torch.rand(maps.shape, generator=torch.Generator().manual_seed(0))).sum().backward()


def buffers(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: values.clone() for name, values in network.named_buffers()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize(("height", "width"), [(64, 96), (65, 33)])
def test_a_map_is_a_32nd_of_the_image_rounded_up(name, bands, height, width):
    network = resting(name, bands)
    maps = network(images(2, bands, height, width))
    assert maps.shape == (2, network.channels, -(-height // 32), -(-width // 32))
    assert maps.dtype == torch.float32
    assert torch.isfinite(maps).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bands", BANDS)
def test_normalisation_has_a_value_a_band(name, bands):
    network, published = outline(name, bands), outline(name)
    for values, of_three in ((network.mean, published.mean), (network.std, published.std)):
        assert values == pytest.approx(of_three if bands == 3 else [sum(of_three) / 3] * bands)
        assert min(values) > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bands", [3, 13])
def test_gradients_reach_every_parameter_and_the_image(name, bands):
    network, pixels = fresh(name, bands).train(), images(3, bands).requires_grad_()
    backward(network, pixels)
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert without == []
    assert pixels.grad.any()


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_the_weights(name):
    one, same = (fresh(name, seed=1).state_dict() for _ in range(2))
    assert all(torch.equal(values, same[key]) for key, values in one.items())


@pytest.mark.parametrize("name", NAMES)
def test_at_rest_it_repeats_itself_and_an_image_does_not_see_the_others(name):
    network, pixels = resting(name), images(3)
    before = buffers(network)
    maps = network(pixels)
    assert torch.equal(network(pixels), maps)
    torch.testing.assert_close(network(pixels[:1]), maps[:1], rtol=0, atol=1e-3 * maps.max().item())
    assert all(torch.equal(values, before[key]) for key, values in buffers(network).items())


@pytest.mark.parametrize("name", NAMES)
def test_in_training_every_batch_norm_learns_its_statistics(name):
    network = fresh(name).train()
    before = buffers(network)
    network(images(3))
    assert [key for key, values in buffers(network).items() if torch.equal(values, before[key])] == []


@pytest.mark.parametrize("name", NAMES)
def test_stages_are_all_of_it_in_order(name):
    network = outline(name)
    found = []
    for stage in network.stages:
        network.freeze([stage])
        found += [key for key, parameter in network.named_parameters() if not parameter.requires_grad]
    assert found == [key for key, _ in network.named_parameters()]


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_before_frozen_stages_learns(name):
    network, pixels = fresh(name).train(), images(3).requires_grad_()
    network.freeze(network.stages[:-1])
    before = buffers(network)
    backward(network, pixels)
    assert pixels.grad.any()
    changed = [key for key, values in buffers(network).items() if not torch.equal(values, before[key])]
    network.freeze(network.stages[-1:])
    last = {key.rpartition(".")[0] for key, parameter in network.named_parameters() if not parameter.requires_grad}
    assert changed
    assert {key.rpartition(".")[0] for key in changed} <= last


@pytest.mark.parametrize("name", NAMES)
def test_names_are_torchvisions(name):
    names = list(outline(name).state_dict())
    assert sorted(names) == sorted(TORCHVISION[name]())
    assert len(names) + len(("weight", "bias")) == ENTRIES[name]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_as_large_as_torchvisions(name):
    network = outline(name)
    classifier = network.channels * 1000 + 1000
    assert sum(parameter.numel() for parameter in network.parameters()) + classifier == PARAMETERS[name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bands", [3, 13])
def test_a_published_checkpoint_gives_grey_images_what_it_gave(name, bands):
    published, network, grey = resting(name), fresh(name, bands, seed=2).eval(), images(1, 1)
    state = published.state_dict()
    classifier = "classifier.1" if name == "mobilenetv2" else "fc"
    network.load_published({**state, f"{classifier}.weight": torch.zeros(1000, 1), f"{classifier}.bias": torch.zeros(1000)})
    with torch.no_grad():
        found, wanted = network(grey.expand(-1, bands, -1, -1)), published(grey.expand(-1, 3, -1, -1))
    torch.testing.assert_close(found, wanted, rtol=0, atol=5e-3 * wanted.max().item())


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_of_another_network_is_refused(name):
    other = "resnet18" if name != "resnet18" else "resnet34"
    with pytest.raises(TrainingError, match=f"not those of {type(outline(name)).__name__} .*Choose the backbone"):
        outline(name).load_published(outline(other).state_dict())


@pytest.mark.parametrize("name", FAMILIES.values(), ids=FAMILIES)
def test_a_bundle_gives_what_torch_gives(name):
    backbone = resting(name, 4)
    draft = Draft("a-test", "1", ("a", "b", "c", "d"), 64, backbone.mean, backbone.std, "none", "Apache-2.0")
    bundle = export(Pooled(backbone), draft, card="For a test.")
    for height, width in ((64, 64), (75, 98)):
        values = images(3, 4, height, width)
        wanted = backbone(normalised(values, backbone)).mean(dim=(2, 3)).numpy()
        np.testing.assert_allclose(bundle.raw(values.numpy()), wanted, rtol=0, atol=1e-4 * np.abs(wanted).max())


class Pooled(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, pixels):
        return Output(self.backbone(pixels).mean(dim=(2, 3)), None)


# What torchvision's checkpoints hold, with the classifier: entries, and parameters for 1000 classes by its documentation.
ENTRIES = {"mobilenetv2": 314, "resnet18": 122, "resnet34": 218, "resnet50": 320}
PARAMETERS = {"mobilenetv2": 3_504_872, "resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032}

# What blocks have besides, by the widths of their stages: `se` two layers with biases, `selective` a second 3 x 3 convolution
# with its batch norm, a layer of 32 with batch norm, and one of twice the width.
BLOCKS = {64: 3, 128: 4, 256: 6, 512: 3}
ENTRIES |= {"resnet34-se": 218 + 16 * 4, "resnet34-sk": 218 + 16 * (1 + 5 + 1 + 5 + 1)}
PARAMETERS["resnet34-se"] = PARAMETERS["resnet34"] + sum(n * (2 * w * w // 16 + w // 16 + w) for w, n in BLOCKS.items())
PARAMETERS["resnet34-sk"] = (
    PARAMETERS["resnet34"]
    # The first block of a stage reads maps of half the width, and layer1 those of the stem, which are as wide.
    + sum(9 * w * (n * w - (w // 2 if w > 64 else 0)) + n * (2 * w + 32 * w + 2 * 32 + 2 * 32 * w) for w, n in BLOCKS.items())
)


def norm(name: str) -> Iterator[str]:
    for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        yield f"{name}.{part}"


def torchvision_resnet(repeats: tuple[int, ...], convolutions: int) -> Iterator[str]:
    """Names in a checkpoint of torchvision, without the classifier, for blocks of so many convolutions."""
    yield "conv1.weight"
    yield from norm("bn1")
    for layer, count in enumerate(repeats, start=1):
        for block in range(count):
            for number in range(1, convolutions + 1):
                yield f"layer{layer}.{block}.conv{number}.weight"
                yield from norm(f"layer{layer}.{block}.bn{number}")
            # Plain blocks of layer1 keep both size and width, so only they need no convolution in the shortcut.
            if block == 0 and (layer > 1 or convolutions == 3):
                yield f"layer{layer}.0.downsample.0.weight"
                yield from norm(f"layer{layer}.0.downsample.1")


def torchvision_mobilenetv2() -> Iterator[str]:
    """Names in a checkpoint of torchvision, without the classifier."""
    yield "features.0.0.weight"
    yield from norm("features.0.1")
    for block in range(1, 18):
        # The first block does not expand.
        activated = 1 if block == 1 else 2
        for number in range(activated):
            yield f"features.{block}.conv.{number}.0.weight"
            yield from norm(f"features.{block}.conv.{number}.1")
        yield f"features.{block}.conv.{activated}.weight"
        yield from norm(f"features.{block}.conv.{activated + 1}")
    yield "features.18.0.weight"
    yield from norm("features.18.1")


def with_parts(part: str, *, weights: tuple[str, ...], norms: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of a ResNet-34 whose blocks have another part."""
    yield from torchvision_resnet((3, 4, 6, 3), 2)
    for layer, count in enumerate((3, 4, 6, 3), start=1):
        for block in range(count):
            yield from (f"layer{layer}.{block}.{part}.{name}" for name in weights)
            for name in norms:
                yield from norm(f"layer{layer}.{block}.{part}.{name}")


TORCHVISION = {
    "mobilenetv2": torchvision_mobilenetv2,
    "resnet18": lambda: torchvision_resnet((2, 2, 2, 2), 2),
    "resnet34": lambda: torchvision_resnet((3, 4, 6, 3), 2),
    "resnet34-se": lambda: with_parts("se", weights=("squeeze.weight", "squeeze.bias", "excite.weight", "excite.bias")),
    "resnet34-sk": lambda: with_parts(
        "selective", weights=("conv.weight", "squeeze.0.weight", "weigh.weight"), norms=("bn", "squeeze.1")
    ),
    "resnet50": lambda: torchvision_resnet((3, 4, 6, 3), 3),
}
