"""Weights of a graph as 8-bit integers on disk, computed with as float32."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

__all__ = ["packed", "unpacked"]

_LARGEST = 127
# Of a signed byte, without -128: scales stay symmetric about 0.


def packed(model: "ModelProto") -> "ModelProto":
    """A copy whose large weights are rounded to 8-bit integers times a scale for each output: a quarter of the bytes.

    Written as Cast and Mul, which onnxruntime computes once when it loads the graph: runs are as fast as before.
    DequantizeLinear, the operator made for it, is kept for each run and stops the fusion of Conv with its activation: half the
    speed (measured on 1.31). Weights are those of Conv, Gemm and MatMul; biases and the like stay as they are.
    """
    from onnx import ModelProto, TensorProto, helper, numpy_helper

    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    axes = _weights(graph.node)
    kept, nodes = [], []
    for tensor in graph.initializer:
        if tensor.name not in axes or tensor.data_type != TensorProto.FLOAT:
            kept.append(tensor)
            continue
        integers, scale = _rounded(numpy_helper.to_array(tensor), axes[tensor.name])
        name = tensor.name
        kept += [numpy_helper.from_array(integers, f"{name}.integers"), numpy_helper.from_array(scale, f"{name}.scale")]
        nodes += [
            helper.make_node("Cast", [f"{name}.integers"], [f"{name}.floats"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.floats", f"{name}.scale"], [name]),
        ]
    _replace(result, [*nodes, *graph.node], kept)
    return result


def unpacked(model: "ModelProto") -> "ModelProto":
    """A copy whose weights are float32 again: the reverse of `packed`, up to its rounding."""
    from onnx import ModelProto, numpy_helper

    result = ModelProto()
    result.CopyFrom(model)
    arrays = {tensor.name: tensor for tensor in result.graph.initializer}
    nodes = []
    for node in result.graph.node:
        if node.op_type in ("Cast", "Mul") and all(name in arrays for name in node.input):
            values = [numpy_helper.to_array(arrays[name]).astype(np.float32) for name in node.input]
            product = values[0] if len(values) == 1 else values[0] * values[1]
            arrays[node.output[0]] = numpy_helper.from_array(product, node.output[0])
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    _replace(result, nodes, [tensor for name, tensor in arrays.items() if name in used])
    return result


def _weights(nodes: "list[NodeProto]") -> dict[str, int]:
    """Axis of the outputs of each weight, by name."""
    axes: dict[str, int] = {}
    for node in nodes:
        if node.op_type == "Conv":
            axes[node.input[1]] = 0
        elif node.op_type == "Gemm":
            axes[node.input[1]] = 0 if any(one.name == "transB" and one.i for one in node.attribute) else 1
        elif node.op_type == "MatMul":
            axes[node.input[1]] = -1
    return axes


def _rounded(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Integers and scales whose product is nearest to `values`, a scale for each place along `axis`."""
    others = tuple(place for place in range(values.ndim) if place != axis % values.ndim)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scale = (np.where(largest > 0, largest, _LARGEST) / _LARGEST).astype(np.float32)
    return np.round(values / scale).astype(np.int8), scale


def _replace(model: "ModelProto", nodes: "list[NodeProto]", tensors: list[object]) -> None:
    # Copied first: emptying a repeated field frees what is in it.
    copies = [type(item).FromString(item.SerializeToString()) for item in nodes]
    held = [type(item).FromString(item.SerializeToString()) for item in tensors]  # type: ignore[attr-defined]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(copies)
    model.graph.initializer.extend(held)
