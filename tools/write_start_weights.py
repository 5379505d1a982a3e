"""Write the shipped model's weights as start weights for training, without a download.

    python tools/write_start_weights.py start.safetensors

The bundle's graph has its batch norm folded into its convolutions, so that it cannot be trained as it is. Here each layer gets
a batch norm again: its statistics are those of generated images, its scale and shift undo them. In evaluation mode the network
is the same function as the graph, and in training mode, which takes statistics from the batch, it begins near it.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.torch import save_file
from torch import Tensor, nn

from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.datasets.generated.scene import draw_scene
from terrakin.nn.backbones.mobilenetv2 import MobileNetV2
from terrakin.training.storage import unpacked

__all__ = ["backbone_of", "images", "write"]

_SCENES = 4
# Of six images each: a channel's mean and variance over 24 images of 49 places and more.


def write(path: Path) -> None:
    """Write the weights of `imagenet-mobilenetv2`."""
    bundle = open_bundle("imagenet-mobilenetv2")
    save_file(backbone_of(bundle, images(bundle.passport.input_size)).state_dict(), path)


def backbone_of(bundle: Bundle, values: NDArray[np.float32]) -> MobileNetV2:
    """The network of a bundle of MobileNetV2, with batch norm.

    Args:
        bundle: with folded batch norm, as `tools/convert_mobilenetv2.py` writes it.
        values: (N, C, H, W) images in [0, 1], from which statistics are taken.
    """
    graph = unpacked(onnx.load_from_string(bundle.model)).graph
    arrays = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    folded = [[arrays[name] for name in node.input[1:]] for node in graph.node if node.op_type == "Conv"]
    backbone = MobileNetV2().eval()
    convolutions = [module for module in backbone.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for (weight, bias), convolution, norm in zip(folded, convolutions, norms, strict=True):
            if weight.shape != convolution.weight.shape:
                raise ValueError(f"the graph has a convolution {tuple(weight.shape)}, not {tuple(convolution.weight.shape)}")
            convolution.weight.copy_(weight)
            norm.bias.copy_(bias)
        # In one pass: when a layer is reached, those before it are done.
        hooks = [norm.register_forward_pre_hook(_settle) for norm in norms]
        mean, std = (torch.tensor(one).reshape(1, -1, 1, 1) for one in (bundle.passport.mean, bundle.passport.std))
        backbone((torch.from_numpy(values) - mean) / std)
    for hook in hooks:
        hook.remove()
    return backbone


def images(size: int) -> NDArray[np.float32]:
    """Generated images (24, 3, size, size) in [0, 1], four of each class."""
    found = []
    for number in range(_SCENES):
        scene = draw_scene(2, 3, rng=np.random.default_rng([2, number]))
        for cell in scene.cells:
            left, top = (cell.centre - size / 2).astype(int)
            found.append(scene.pixels[top : top + size, left : left + size, :3])
    return np.moveaxis(np.stack(found).astype(np.float32) / 255, 3, 1)


def _settle(norm: nn.BatchNorm2d, given: tuple[Tensor]) -> None:
    """Statistics of what a layer is given, and a scale and shift that undo them but for the bias that it holds."""
    variance, mean = torch.var_mean(given[0], dim=(0, 2, 3))
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_(torch.sqrt(variance + norm.eps))
    norm.bias.add_(mean)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
