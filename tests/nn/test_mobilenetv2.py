"""MobileNetV2: the function of the published network, and its padding."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import terrakin
from terrakin.errors import RecipeError
from terrakin.nn.backbones.mobilenetv2 import MobileNetV2
from terrakin.nn.backbones.resnet import ResNet18

WEIGHTS = Path(__file__).parents[3] / "shared/data/weights/mobilenet_v2_imagenet.safetensors"
SHIPPED = Path(terrakin.__file__).parent / "bundles/imagenet-mobilenetv2/model.onnx"


def same_by_the_book(maps: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """TensorFlow's definition of SAME for stride 2: enough zeros for ceil(side / 2) results, the odd one at the end."""
    pads = []
    for side in (maps.shape[3], maps.shape[2]):
        total = max((-(-side // 2) - 1) * 2 + 3 - side, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(maps, pads), kernels, stride=2)


@pytest.mark.parametrize("height", [6, 7])
@pytest.mark.parametrize("width", [8, 9])
def test_stride_two_pads_as_tensorflow_does(height, width):
    first = MobileNetV2().features[0][0]
    maps = torch.rand(1, 3, height, width)
    torch.testing.assert_close(first(maps), same_by_the_book(maps, first.weight))


@pytest.mark.shared
def test_published_weights_give_the_shipped_bundle():
    if not WEIGHTS.exists():
        pytest.skip(f"the published weights are not at {WEIGHTS}")
    import onnxruntime
    from safetensors.torch import load_file

    network = MobileNetV2().eval()
    network.load_published(load_file(WEIGHTS))
    pixels = np.random.default_rng(0).random((2, 3, 96, 96), dtype=np.float32) * 2 - 1
    wanted = onnxruntime.InferenceSession(SHIPPED).run(["embedding"], {"pixels": pixels})[0]
    with torch.inference_mode():
        found = network(torch.from_numpy(pixels)).mean(dim=(2, 3))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_symmetric_padding_is_that_of_torchvision():
    network = MobileNetV2(padding="symmetric")
    strided = [module for module in network.modules() if isinstance(module, nn.Conv2d) and module.stride == (2, 2)]
    assert len(strided) == 5
    assert {module.padding for module in strided} == {(1, 1)}
    maps = torch.rand(1, 3, 6, 7)
    first = network.features[0][0]
    torch.testing.assert_close(first(maps), F.conv2d(maps, first.weight, stride=2, padding=1))


def test_both_paddings_take_the_same_weights_and_differ():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        same, symmetric = (MobileNetV2(padding=padding).eval() for padding in ("same", "symmetric"))
        for _ in range(2):
            same.train()(torch.rand(4, 3, 64, 64))  # without statistics of its own values vanish from layer to layer
        same.eval()
    symmetric.load_published(same.state_dict())
    even, odd = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 65, 65)
    with torch.inference_mode():
        assert same(even).shape == symmetric(even).shape == (1, 1280, 2, 2)
        assert not torch.allclose(same(even), symmetric(even))
        # Of odd sides, 65, 33, 17, 9 and 5, both put a row on each side.
        torch.testing.assert_close(same(odd), symmetric(odd))


def test_normalisation_goes_with_the_padding():
    assert (MobileNetV2().mean, MobileNetV2().std) == ((0.5,) * 3, (0.5,) * 3)
    symmetric = MobileNetV2(padding="symmetric")
    assert (symmetric.mean, symmetric.std) == (ResNet18().mean, ResNet18().std)
    with pytest.raises(RecipeError, match="mobilenetv2 pads as same or symmetric, got 'valid'"):
        MobileNetV2(padding="valid")


def settled() -> MobileNetV2:
    """With statistics of its own, without which values vanish from layer to layer."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = MobileNetV2()
        for _ in range(2):
            network.train()(torch.rand(4, 3, 64, 64))
    return network.eval()


def test_a_kept_part_begins_as_a_copy_of_the_published_network():
    published = settled()
    network = MobileNetV2(kept="block7").eval()
    network.load_published(published.state_dict())
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted, found = published(pixels), network(pixels)
    assert network.channels == found.shape[1] == 2560
    torch.testing.assert_close(found[:, :1280], wanted)
    torch.testing.assert_close(found[:, 1280:], wanted)


def test_a_kept_part_stays_while_its_copy_trains():
    network = MobileNetV2(kept="block16")
    network.load_published(settled().state_dict())
    network.train()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    network(torch.rand(4, 3, 64, 64)).square().mean().backward()
    torch.optim.SGD(trained, 0.1).step()
    changed = {name for name, values in network.state_dict().items() if not torch.equal(values, before[name])}
    assert {name.split(".")[1] for name in changed} == {"16", "17", "18"}
    assert not any(name.startswith("kept") for name in changed)


@pytest.mark.parametrize("bands", [4, 13])
def test_a_part_can_be_kept_with_any_number_of_bands(bands):
    """Adapted once, in the shared stem; gradients reach all that trains, and the image through what does not."""
    network = MobileNetV2(bands, kept="block1")
    network.load_published(settled().state_dict())
    pixels = torch.rand(3, bands, 64, 64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    trained, kept = network.eval()(pixels).chunk(2, dim=1)
    torch.testing.assert_close(trained, kept)
    maps = network.train()(pixels)
    (maps * torch.rand(maps.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    weights = dict(network.named_parameters())
    assert [name for name, one in weights.items() if one.requires_grad and (one.grad is None or not one.grad.any())] == []
    assert pixels.grad.any()


def test_what_was_trained_beside_a_kept_part_is_taken_up_again():
    begun = MobileNetV2(kept="block17")
    begun.load_published(settled().state_dict())
    with torch.no_grad():
        begun.features[18][0].weight.add_(1)
    again = MobileNetV2(kept="block17")
    again.load_published(begun.state_dict())
    for name, values in begun.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], values)
    without = MobileNetV2()
    without.load_published(begun.state_dict())
    torch.testing.assert_close(without.features[18][0].weight, begun.features[18][0].weight)


def test_a_stage_that_is_not_there_cannot_be_kept():
    with pytest.raises(RecipeError, match=r"no stage 'blok7' to keep; did you mean 'block7'\? There are: block1, block2"):
        MobileNetV2(kept="blok7")
