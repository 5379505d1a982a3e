"""MobileNetV2: the function of the published network, and its padding."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import terrakin
from terrakin.nn.backbones.mobilenetv2 import MobileNetV2

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
