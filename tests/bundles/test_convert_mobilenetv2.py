"""The converter: the shipped bundle is what it makes of the weights, and its graph is MobileNetV2."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from terrakin.bundles.shipped import IMAGENET_MOBILENETV2

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "../shared/data/weights/mobilenet_v2_imagenet.safetensors"

TOLERANCE = 1e-3
# Of values up to 6, after 53 convolutions in float32.


@pytest.fixture(scope="module")
def converter():
    specification = importlib.util.spec_from_file_location("convert_mobilenetv2", ROOT / "tools/convert_mobilenetv2.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def random_weights(converter) -> dict[str, np.ndarray]:
    """Weights with torchvision's names: kernels of 8-bit integers times a scale a channel, and batch norm in all its parts."""
    rng = np.random.default_rng(2)
    weights = {}

    def add(kernels: str, norm: str, *shape: int) -> None:
        integers = rng.integers(-127, 128, shape)
        integers.reshape(shape[0], -1)[:, 0] = 127
        weights[f"{kernels}.weight"] = integers * rng.uniform(0.5, 1.5, (shape[0], 1, 1, 1)) / 73 / np.sqrt(np.prod(shape[1:]))
        weights[f"{norm}.weight"] = rng.uniform(0.8, 1.8, shape[0])
        weights[f"{norm}.bias"] = rng.normal(0.2, 0.3, shape[0])
        weights[f"{norm}.running_mean"] = rng.normal(0, 0.2, shape[0])
        weights[f"{norm}.running_var"] = rng.uniform(0.5, 1.5, shape[0])

    add("features.0.0", "features.0.1", 32, 3, 3, 3)
    channels, block = 32, 1
    for expansion, wanted, blocks, _ in converter.STAGES:
        for _ in range(blocks):
            prefix, hidden, layer = f"features.{block}.conv", channels * expansion, int(expansion > 1)
            if layer:
                add(f"{prefix}.0.0", f"{prefix}.0.1", hidden, channels, 1, 1)
            add(f"{prefix}.{layer}.0", f"{prefix}.{layer}.1", hidden, 1, 3, 3)
            add(f"{prefix}.{layer + 1}", f"{prefix}.{layer + 2}", wanted, hidden, 1, 1)
            channels, block = wanted, block + 1
    add(f"features.{block}.0", f"features.{block}.1", 1280, channels, 1, 1)
    return weights


def same_convolution(maps: np.ndarray, kernels: np.ndarray, stride: int) -> np.ndarray:
    """A convolution of maps (C, H, W), each channel by itself where kernels read one, padded as TensorFlow documents SAME."""
    side = kernels.shape[2]
    pads = [(0, 0)]
    for length in maps.shape[1:]:
        total = max((-(-length // stride) - 1) * stride + side - length, 0)
        pads.append((total // 2, total - total // 2))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(maps, pads), (side, side), axis=(1, 2))[:, ::stride, ::stride]
    if kernels.shape[1] == 1:
        return np.einsum("chwij,cij->chw", windows, kernels[:, 0])
    return np.tensordot(kernels, windows, axes=([1, 2, 3], [0, 3, 4]))


def mobilenet(image: np.ndarray, weights: dict[str, np.ndarray], stages) -> np.ndarray:
    """The last feature maps (1280, h, w) by the paper's description, batch norm not folded."""

    def layer(maps, kernels, norm, *, stride=1, activation=True):
        maps = same_convolution(maps, weights[f"{kernels}.weight"], stride)
        mean, variance, scale, shift = (
            weights[f"{norm}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        maps = (maps - mean) / np.sqrt(variance + 1e-5) * scale + shift
        return np.clip(maps, 0, 6) if activation else maps

    maps, block = layer(image, "features.0.0", "features.0.1", stride=2), 1
    for expansion, _, blocks, first_stride in stages:
        for place in range(blocks):
            stride, prefix = first_stride if place == 0 else 1, f"features.{block}.conv"
            inner = layer(maps, f"{prefix}.0.0", f"{prefix}.0.1") if expansion > 1 else maps
            at = int(expansion > 1)
            inner = layer(inner, f"{prefix}.{at}.0", f"{prefix}.{at}.1", stride=stride)
            inner = layer(inner, f"{prefix}.{at + 1}", f"{prefix}.{at + 2}", activation=False)
            maps = maps + inner if maps.shape == inner.shape else inner
            block += 1
    return layer(maps, f"features.{block}.0", f"features.{block}.1")


@pytest.mark.parametrize("shape", [(64, 64), (75, 40)])
def test_the_graph_is_mobilenet_with_the_paddings_of_tensorflow(converter, random_weights, shape):
    import onnxruntime

    image = np.random.default_rng(4).uniform(-1, 1, (3, *shape))
    session = onnxruntime.InferenceSession(converter.graph(random_weights).SerializeToString())
    embedding, features = session.run(["embedding", "features"], {"pixels": image[None].astype(np.float32)})
    expected = mobilenet(image, random_weights, converter.STAGES)
    assert 0.1 < np.mean(expected > 0) < 1, "a network whose maps are all zero would prove nothing"
    np.testing.assert_allclose(features[0], expected, atol=TOLERANCE)
    np.testing.assert_allclose(embedding[0], expected.mean(axis=(1, 2)), atol=TOLERANCE)


def test_the_same_weights_give_the_same_bytes(converter, random_weights):
    one, two = (converter.graph(random_weights).SerializeToString(deterministic=True) for _ in range(2))
    assert one == two


def test_weights_that_are_not_8_bit_are_not_rounded(converter, random_weights):
    noisy = random_weights | {"features.0.0.weight": random_weights["features.0.0.weight"] * np.linspace(1, 1.5, 3)}
    with pytest.raises(SystemExit, match=r"features\.0\.0 is not made of 8-bit weights"):
        converter.graph(noisy)


@pytest.mark.shared
@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights are not beside the checkout")
def test_the_shipped_files_are_what_the_converter_writes(converter, tmp_path):
    converter.convert(WEIGHTS).save(tmp_path / "again")
    for name in ("model.onnx", "passport.json", "card.md"):
        assert (tmp_path / "again" / name).read_bytes() == (IMAGENET_MOBILENETV2 / name).read_bytes(), name
