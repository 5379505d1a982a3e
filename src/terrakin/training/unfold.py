"""The backbone of a bundle as it can be trained: with batch norm again."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.bundles.bundle import Bundle
from terrakin.errors import TrainingError
from terrakin.nn.backbones.backbone import Backbone
from terrakin.registry import require
from terrakin.training.storage import unpacked

__all__ = ["unfold"]


def unfold(bundle: Bundle, backbone: Backbone, values: NDArray[np.float32]) -> None:
    """Give `backbone` the weights of a bundle, in whose graph batch norm is folded into the convolutions.

    Each layer gets a batch norm again: its statistics are those of `values`, its scale and shift undo them. In evaluation mode
    the backbone is the same function as the graph, and in training mode, which takes statistics from the batch, it begins near
    it.

    Args:
        bundle: of the same architecture; its weights may be stored in 8 bits. Of one with a copy that was kept, a backbone
            without one takes the part that was trained.
        backbone: with fresh weights; changed.
        values: (N, C, H, W) images in [0, 1], from which statistics are taken; some tens, like those that will train.

    Raises:
        MissingExtraError: if ONNX is not installed.
        TrainingError: if the bundle's convolutions are not those of the backbone, or begin with a front-end's.
    """
    if "theta" in bundle.passport.outputs:
        raise TrainingError(
            f"{bundle.passport.name} has a front-end before its network; start from the checkpoint.npz of its run instead, of "
            "which the backbone is taken"
        )
    onnx = require("onnx", extra="train")
    from onnx import numpy_helper

    graph = unpacked(onnx.load_from_string(bundle.model)).graph
    arrays = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    # Of tensors that are equal the exporter writes one, and names the others after it.
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in arrays:
            arrays[node.output[0]] = arrays[node.input[0]]
    given = [[arrays[name] for name in node.input[1:] if name in arrays] for node in graph.node if node.op_type == "Conv"]
    convolutions = [module for module in backbone.modules() if isinstance(module, nn.Conv2d)]
    # What was trained runs first, a copy that was kept comes after it.
    folded = given[: len(convolutions)]
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    wanted = [tuple(convolution.weight.shape) for convolution in convolutions]
    found = [tuple(tensors[0].shape) if len(tensors) == 2 else () for tensors in folded]
    if found != wanted or len(norms) != len(convolutions):
        raise TrainingError(
            f"{bundle.passport.name} is not a {type(backbone).__name__}: its graph has {len(given)} convolutions, other in "
            f"size or number than the {len(wanted)} wanted. Start from a bundle of the recipe's backbone, or from a file"
        )
    was_training = backbone.training
    backbone.eval()
    with torch.no_grad():
        for (weight, bias), convolution, norm in zip(folded, convolutions, norms, strict=True):
            convolution.weight.copy_(weight)
            norm.bias.copy_(bias)
        # In one pass: when a layer is reached, those before it are done.
        hooks = [norm.register_forward_pre_hook(_settle) for norm in norms]
        mean, std = (torch.tensor(one).reshape(1, -1, 1, 1) for one in (bundle.passport.mean, bundle.passport.std))
        backbone((torch.from_numpy(values) - mean) / std)
    for hook in hooks:
        hook.remove()
    backbone.train(was_training)


def _settle(norm: nn.Module, given: tuple[Tensor]) -> None:
    """Statistics of what a layer is given, and a scale and shift that undo them but for the bias that it holds."""
    if not isinstance(norm, nn.BatchNorm2d) or norm.running_mean is None or norm.running_var is None:
        raise TypeError(f"batch norm with running statistics is wanted, got {norm}")
    variance, mean = torch.var_mean(given[0], dim=(0, 2, 3))
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_(torch.sqrt(variance + norm.eps))
    norm.bias.add_(mean)
