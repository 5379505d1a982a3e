"""Somebody else's ONNX file as a graph that a bundle can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.session import INPUT
from terrakin.errors import TrainingError
from terrakin.registry import nearest, require

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

__all__ = ["Embedder", "embedder"]

_TRANSPARENT = ("Identity", "Dropout", "Softmax", "LogSoftmax", "Sigmoid")
# Between logits and a classifier's output, or between features and its weights.


@dataclass(frozen=True, slots=True, eq=False)
class Embedder:
    """A graph with the input `pixels` and the one output `embedding`."""

    model: "ModelProto"
    """With its batch left open."""
    taken: str
    """Name, in the file, of the tensor that became the embedding."""
    pooled: bool
    """Whether it was a feature map, of which the mean is taken."""
    bands: int
    """Bands that it reads."""
    input_size: int
    """Side of its input."""


def embedder(content: bytes, *, output: str | None = None, input_size: int | None = None) -> Embedder:
    """Cut an ONNX file down to an embedder.

    Args:
        content: the file: one float32 input (N, C, H, W).
        output: name of the tensor to take, any one in the graph, (N, D) or (N, D, h, w). Where not given: the output named
            `embedding`, else what the last matrix of a classifier multiplies, else the first output.
        input_size: side to read images at; what the file fixes, else 224, where not given.

    Raises:
        MissingExtraError: if ONNX is not installed.
        TrainingError: if the file is none, keeps weights elsewhere, reads something else, has no such tensor, or has one whose
            size cannot be told.
    """
    onnx = require("onnx", extra="train")
    model = _parsed(content)
    bands, fixed = _described_input(model)
    if input_size is not None and fixed not in (None, input_size):
        raise TrainingError(f"the graph reads images of {fixed} px alone, so it cannot read them at {input_size}")
    size = fixed or input_size or 224
    taken = _chosen(model, output)
    _cut(model, taken)
    _free_batch(model)
    shape = _shape(model, taken, size)
    pooled = len(shape) == 4
    if pooled:
        # Not ReduceMean, whose axes moved from an attribute to an input in opset 18; these two are the same in all.
        model.graph.node.append(onnx.helper.make_node("GlobalAveragePool", [taken], ["terrakin.pooled"]))
        model.graph.node.append(onnx.helper.make_node("Flatten", ["terrakin.pooled"], ["embedding"]))
    elif taken != "embedding":
        model.graph.node.append(onnx.helper.make_node("Identity", [taken], ["embedding"]))
    if len(shape) not in (2, 4) or shape[1] is None:
        raise TrainingError(
            f"{taken!r} is {_words(shape)} and an embedding is made of (N, D) or (N, D, h, w) with a known D; name another "
            "tensor of the graph with --output"
        )
    del model.graph.output[:], model.graph.value_info[:]
    model.graph.output.add().CopyFrom(onnx.helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, ["N", shape[1]]))
    return Embedder(model, taken, pooled, bands, size)


def _parsed(content: bytes) -> "ModelProto":
    import onnx

    decoding = require("google.protobuf.message", extra="train")  # it comes with onnx, and has no type information
    try:
        model: ModelProto = onnx.load_from_string(content)
    except decoding.DecodeError as exc:
        raise TrainingError(f"this is not an ONNX file: {exc}") from exc
    if not model.graph.node:
        raise TrainingError("this is not an ONNX file: there is no graph in it")
    elsewhere = [one.name for one in model.graph.initializer if one.data_location == onnx.TensorProto.EXTERNAL]
    if elsewhere:
        raise TrainingError(f"the graph keeps weights in other files ({elsewhere[0]}); export it as a single file")
    return model


def _described_input(model: "ModelProto") -> tuple[int, int | None]:
    """Bands and, where it is fixed, side of the one image that the graph reads; renames it to what bundles call it."""
    import onnx

    initial = {tensor.name for tensor in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in initial]
    shapes = [_dims(one) for one in inputs]
    shape = shapes[0] if len(inputs) == 1 else []
    if len(shape) != 4 or inputs[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT or not isinstance(shape[1], int):
        found = ", ".join(f"{one.name} {_words(dims)}" for one, dims in zip(inputs, shapes, strict=True))
        raise TrainingError(f"the graph reads {found}; wanted one float32 input (N, C, H, W) with a known C")
    sides = {side for side in shape[2:] if side is not None}
    if len(sides) > 1 or shape[1] > min(sides, default=shape[1]):
        raise TrainingError(f"the graph reads {_words(shape)}; wanted square images (N, C, H, W), bands first")
    _rename(model, inputs[0].name, INPUT)
    inputs[0].type.tensor_type.shape.dim[0].dim_param = "N"
    return shape[1], next(iter(sides), None)


def _chosen(model: "ModelProto", output: str | None) -> str:
    made = {name: node for node in model.graph.node for name in node.output}
    if output is not None:
        if output not in made:
            raise TrainingError(
                f"the graph has no tensor {output!r};{nearest(output, made)} "
                f"Its outputs are {', '.join(one.name for one in model.graph.output)}"
            )
        return output
    names: list[str] = [one.name for one in model.graph.output]
    if "embedding" in names:
        return "embedding"
    constants = _constants(model)
    last = _source(names[0], made)
    if made[last].op_type == "Add":
        last = next((name for name in made[last].input if name in made and made[name].op_type == "MatMul"), last)
    classifier = made[last]
    if classifier.op_type in ("Gemm", "MatMul") and classifier.input[1] in constants and classifier.input[0] in made:
        return _source(classifier.input[0], made)
    return names[0]


def _source(name: str, made: "dict[str, NodeProto]") -> str:
    while made[name].op_type in _TRANSPARENT and made[name].input[0] in made:
        name = made[name].input[0]
    return name


def _constants(model: "ModelProto") -> dict[str, NDArray[Any]]:
    from onnx import numpy_helper

    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def _cut(model: "ModelProto", taken: str) -> None:
    """Keep what `taken` is computed from."""
    needed, kept = {taken}, []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            needed.update(name for inner in _inner(node) for name in inner.input)
            kept.append(node)
    nodes = [type(node).FromString(node.SerializeToString()) for node in reversed(kept)]
    tensors = [one.SerializeToString() for one in model.graph.initializer if one.name in needed]
    kind = type(model.graph.initializer.add())
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(kind.FromString(one) for one in tensors)
    extra = [one for one in model.graph.input if one.name != INPUT]
    for one in extra:
        model.graph.input.remove(one)


def _inner(node: "NodeProto") -> "list[NodeProto]":
    """Nodes inside of a node's branches, which use names from outside."""
    graphs = [one.g for one in node.attribute if one.HasField("g")]
    return [found for graph in graphs for inner in graph.node for found in (inner, *_inner(inner))]


def _free_batch(model: "ModelProto") -> None:
    """Let reshapes to a batch of one take the batch that comes; whether that is enough shows when two images are run."""
    from onnx import numpy_helper

    constants = _constants(model)
    for number, node in enumerate(model.graph.node):
        if node.op_type == "Reshape" and node.input[1] in constants:
            wanted = constants[node.input[1]].copy()
            if wanted.ndim == 1 and len(wanted) > 1 and wanted[0] == 1:
                wanted[0] = 0  # as many as there are
                node.input[1] = f"terrakin.shape{number}"
                model.graph.initializer.append(numpy_helper.from_array(wanted.astype(np.int64), node.input[1]))


def _shape(model: "ModelProto", name: str, size: int) -> list[int | None]:
    """Shape of a tensor for images of a size, as far as it can be told."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for place in (2, 3):
        copy.graph.input[0].type.tensor_type.shape.dim[place].dim_value = size
    del copy.graph.value_info[:], copy.graph.output[:]
    copy.graph.output.add().name = name
    inferred = onnx.shape_inference.infer_shapes(copy, data_prop=True)
    return next((_dims(one) for one in (*inferred.graph.value_info, *inferred.graph.output) if one.name == name), [])


def _dims(described: Any) -> list[int | None]:
    return [dim.dim_value if dim.HasField("dim_value") else None for dim in described.type.tensor_type.shape.dim]


def _words(shape: Sequence[int | None]) -> str:
    return f"({', '.join('?' if side is None else str(side) for side in shape)})"


def _rename(model: "ModelProto", old: str, new: str) -> None:
    """Rename the input everywhere."""
    for described in model.graph.input:
        described.name = new if described.name == old else described.name
    for node in model.graph.node:
        for inner in (node, *_inner(node)):
            inner.input[:] = [new if name == old else name for name in inner.input]
