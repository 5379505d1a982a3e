"""Convert MobileNetV2 weights to the shipped bundle `imagenet-mobilenetv2`.

    python tools/convert_mobilenetv2.py mobilenet_v2_imagenet.safetensors

The weights have the names that torchvision's `mobilenet_v2` gives them. The graph is written directly: batch norm is folded
into the convolutions, the classifier is left out, stride-2 convolutions pad as TensorFlow's SAME does. The same weights give
the same bytes.
"""

import argparse
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper
from safetensors.numpy import load_file

from terrakin.bundles.bundle import Bundle
from terrakin.bundles.graph import self_test_values
from terrakin.bundles.passport import SELF_TEST_PARTS, Passport
from terrakin.bundles.session import INPUT
from terrakin.bundles.shipped import IMAGENET_MOBILENETV2
from terrakin.spaces.space import Space

# Expansion, channels, blocks, stride of the first block: table 2 of Sandler et al. 2018 (arXiv:1801.04381).
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
EMBEDDING_SIZE = 1280
BATCH_NORM_EPSILON = 1e-5  # torchvision's; the weights' batch norm was made for it.
OPSET, IR_VERSION = 17, 8  # Of ONNX 1.12: read by every onnxruntime since 1.12.

Weights = Mapping[str, NDArray[np.float64]]


def convert(weights_file: Path) -> Bundle:
    """The bundle that a weights file gives."""
    weights = {name: values.astype(np.float64) for name, values in load_file(weights_file).items()}
    model = graph(weights).SerializeToString(deterministic=True)
    passport = Passport(
        name=IMAGENET_MOBILENETV2.name,
        version="1.0",
        bands=("red", "green", "blue"),
        input_size=224,
        # x / 127.5 - 1 for bytes.
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        outputs=("embedding", "features"),
        space=Space("cosine", EMBEDDING_SIZE),
        reducer=None,
        training_data="ImageNet: everyday photographs of 1000 classes",
        licence="Apache-2.0",
        digest=hashlib.sha256(model).hexdigest(),
        self_test=(0.0,) * SELF_TEST_PARTS,
    )
    passport = replace(passport, self_test=self_test_values(model, passport))
    origin = hashlib.sha256(weights_file.read_bytes()).hexdigest()
    card = Path(__file__).with_name("card_mobilenetv2.md").read_text(encoding="utf-8")
    return Bundle(passport, model=model, card=card.replace("{weights_sha256}", origin))


def graph(weights: Weights) -> ModelProto:
    """MobileNetV2 without its classifier, for any batch and image size."""
    layers = Layers(weights)
    maps = layers.convolution(INPUT, "features.0.0", "features.0.1", stride=2)
    channels, block = 32, 1
    for expansion, wanted, blocks, stride in STAGES:
        for place in range(blocks):
            maps = layers.block(maps, block, channels, wanted, expansion=expansion, stride=stride if place == 0 else 1)
            channels, block = wanted, block + 1
    layers.convolution(maps, f"features.{block}.0", f"features.{block}.1", output="features")
    layers.add("GlobalAveragePool", ["features"], "pooled")
    layers.add("Flatten", ["pooled"], "embedding")
    return layers.model()


class Layers:
    """The nodes and weights of a graph under construction."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._constant("zero", np.float32(0))
        self._constant("six", np.float32(6))

    def block(self, maps: str, number: int, channels: int, wanted: int, *, expansion: int, stride: int) -> str:
        """An inverted residual: expand, filter each channel, project; plus the input where the shape stays."""
        prefix = f"features.{number}.conv"
        hidden, layer, inner = channels * expansion, 0, maps
        if expansion > 1:
            inner = self.convolution(inner, f"{prefix}.0.0", f"{prefix}.0.1")
            layer = 1
        inner = self.convolution(inner, f"{prefix}.{layer}.0", f"{prefix}.{layer}.1", stride=stride, groups=hidden)
        inner = self.convolution(inner, f"{prefix}.{layer + 1}", f"{prefix}.{layer + 2}", activation=False)
        if stride == 1 and channels == wanted:
            return self.add("Add", [maps, inner], f"{prefix}.sum")
        return inner

    def convolution(
        self,
        maps: str,
        name: str,
        norm: str,
        *,
        stride: int = 1,
        groups: int = 1,
        activation: bool = True,
        output: str | None = None,
    ) -> str:
        """A convolution with its batch norm folded in, and ReLU6; the name of its output."""
        kernels = self._weights[f"{name}.weight"]
        factor = self._weights[f"{norm}.weight"] / np.sqrt(self._weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
        bias = self._weights[f"{norm}.bias"] - self._weights[f"{norm}.running_mean"] * factor
        self._constant(f"{name}.bias", bias.astype(np.float32))
        inputs = [maps, self._kernels(name, kernels, factor), f"{name}.bias"]
        sides = list(kernels.shape[2:])
        last = output or f"{name}.out"
        linear = f"{name}.linear" if activation else last
        # SAME_UPPER is TensorFlow's SAME: one pixel more at the bottom and right where stride 2 meets an even size.
        attributes = {"kernel_shape": sides, "strides": [stride, stride], "group": groups, "auto_pad": "SAME_UPPER"}
        self.add("Conv", inputs, linear, **attributes)
        return self.add("Clip", [linear, "zero", "six"], last) if activation else last

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        """Append a node; the name of its output."""
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def model(self) -> ModelProto:
        """The checked model."""
        inputs = [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", 3, "H", "W"])]
        outputs = [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", EMBEDDING_SIZE]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", EMBEDDING_SIZE, "h", "w"]),
        ]
        body = helper.make_graph(self._nodes, "mobilenetv2", inputs, outputs, list(self._constants.values()))
        model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="terrakin")
        model.ir_version = IR_VERSION
        checker.check_model(model, full_check=True)
        return model

    def _kernels(self, name: str, kernels: NDArray[np.float64], factor: NDArray[np.float64]) -> str:
        """Kernels as the 8-bit integers that they are, times a scale for each output channel: a quarter of float32's bytes.

        Written as Cast and Mul, which onnxruntime computes once when it loads the graph. DequantizeLinear, the operator made
        for it, is kept for each run by default and stops the fusion of Conv and Clip: half the speed (measured on 1.31).
        """
        largest = np.abs(kernels).max(axis=(1, 2, 3), keepdims=True)
        scale = np.where(largest > 0, largest, 127) / 127
        integers = np.round(kernels / scale)
        if np.abs(kernels / scale - integers).max() > 1e-3:
            raise SystemExit(f"{name} is not made of 8-bit weights; this converter would round it")
        self._constant(f"{name}.integers", integers.astype(np.int8))
        self._constant(f"{name}.scale", (scale * factor.reshape(-1, 1, 1, 1)).astype(np.float32))
        self.add("Cast", [f"{name}.integers"], f"{name}.floats", to=TensorProto.FLOAT)
        return self.add("Mul", [f"{name}.floats", f"{name}.scale"], f"{name}.weight")

    def _constant(self, name: str, values: NDArray[np.generic] | np.generic) -> None:
        self._constants[name] = numpy_helper.from_array(np.asarray(values), name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Convert MobileNetV2 weights to the shipped bundle.")
    parser.add_argument("weights", type=Path, help="safetensors file with torchvision's names")
    parser.add_argument("--out", type=Path, default=IMAGENET_MOBILENETV2, help="new folder or .zip (default: %(default)s)")
    arguments = parser.parse_args()
    convert(arguments.weights).save(arguments.out)
    print(f"wrote {arguments.out}")
