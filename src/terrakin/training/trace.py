"""A torch module as an ONNX graph."""

import copy
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from terrakin.bundles.conversions import step_output
from terrakin.bundles.session import INPUT
from terrakin.errors import TrainingError
from terrakin.registry import require

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

__all__ = ["named_outputs", "resting", "trace"]

_OPSET = 17
# Of ONNX 1.12: read by every onnxruntime that is supported.


def trace(module: nn.Module, *, bands: int, size: int, free: bool) -> "ModelProto":
    """The graph of a module: one thread of operators, batch norm folded into convolutions, weights as float32.

    Args:
        module: in rest, see `resting`; takes normalised pixels (N, C, H, W), gives a named tuple.
        bands: C.
        size: H and W of the image it is traced with.
        free: leave H and W open in the graph; a module that decides by H and W is then only right for images like this one.

    Raises:
        MissingExtraError: if ONNX is not installed.
        TrainingError: if the module uses what ONNX does not have.
    """
    onnx = require("onnx", extra="train")
    pixels = torch.zeros(2, bands, size, size)
    outputs = named_outputs(module, pixels)
    names = list(outputs)
    axes = {INPUT: {0: "N", 2: "H", 3: "W"} if free else {0: "N"}} | {name: {0: "N"} for name in names}
    with tempfile.TemporaryDirectory(prefix="terrakin-") as folder:
        path = Path(folder) / "model.onnx"
        try:
            with warnings.catch_warnings():
                # It warns of its own age, and of every value that it takes as constant; a graph is judged by its values.
                warnings.simplefilter("ignore")
                # The exporter by TorchScript: 0.1 s where the one by torch.export takes 4.5 s for a small network, adds an
                # opset (18), and logs about packages that are not installed (measured on 2.13, which this project pins).
                torch.onnx.export(
                    _Named(module),
                    (pixels,),
                    path,
                    dynamo=False,
                    opset_version=_OPSET,
                    input_names=[INPUT],
                    output_names=names,
                    dynamic_axes=axes,
                )
        except (RuntimeError, ValueError, TypeError) as exc:
            raise TrainingError(
                f"{type(module).__name__} cannot be written as ONNX: {str(exc).strip().partition(chr(10))[0]}. "
                "Use operators that ONNX has in its forward()"
            ) from exc
        model: ModelProto = onnx.load(path)
    _anonymous(model)
    _same_padding(model)
    for described in model.graph.output:
        _describe(described, outputs[described.name])
    return model


def resting(module: nn.Module) -> nn.Module:
    """A copy on the CPU, in float32 and evaluation mode; the module itself goes on as it was."""
    return copy.deepcopy(module).cpu().float().eval().requires_grad_(False)


def named_outputs(module: nn.Module, pixels: Tensor) -> dict[str, Tensor]:
    """What a module gives for normalised pixels (N, C, H, W), by name, without what it leaves out.

    Raises:
        TrainingError: if it does not give a named tuple with an `embedding` (N, D).
    """
    with torch.no_grad():
        output = module(pixels)
    fields = output._asdict() if isinstance(output, tuple) and hasattr(output, "_asdict") else {}
    named = {name: value for name, value in fields.items() if isinstance(value, Tensor)}
    named |= {step_output(name): images for name, images in (fields.get("steps") or {}).items()}
    if "embedding" not in named or named["embedding"].ndim != 2 or len(named["embedding"]) != len(pixels):
        shape = tuple(named["embedding"].shape) if "embedding" in named else f"a {type(output).__name__}"
        raise TrainingError(
            f"{type(module).__name__} must give an Output with an embedding ({len(pixels)}, D) for {len(pixels)} images, "
            f"got {shape}"
        )
    return named


class _Named(nn.Module):
    """The module with its outputs as the exporter wants them: a plain tuple, without None."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        return tuple(named_outputs(self.module, pixels).values())


def _anonymous(model: "ModelProto") -> None:
    """Take out what says where and by whom a graph was made: the same weights give the same bytes everywhere."""
    del model.graph.value_info[:]
    for item in (model, model.graph, *model.graph.node):
        item.doc_string = ""
        del item.metadata_props[:]


def _describe(described: "ValueInfoProto", value: Tensor) -> None:
    """Write the shape of an output: N open, sides of maps open, everything else as it is."""
    shape = described.type.tensor_type.shape
    shape.ClearField("dim")
    shape.dim.add(dim_param="N")
    for place, size in enumerate(value.shape[1:], start=1):
        shape.dim.add(dim_param="hw"[place - 2]) if place > 1 else shape.dim.add(dim_value=size)


def _same_padding(model: "ModelProto") -> None:
    """Turn a padding that is computed from the image's size into the SAME padding of the convolution behind it.

    It is what networks of TensorFlow's school write in torch, and runs at twice the speed as one operator. Where another
    padding was meant, the graph's values tell, and the caller takes the graph of one size.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    constants |= {node.output[0] for node in model.graph.node if node.op_type == "Constant"}
    pads = {node.output[0]: node for node in model.graph.node if node.op_type == "Pad" and node.input[1] not in constants}
    for conv in model.graph.node:
        if conv.op_type == "Conv" and conv.input[0] in pads:
            conv.input[0] = pads[conv.input[0]].input[0]
            for attribute in [one for one in conv.attribute if one.name in ("pads", "auto_pad")]:
                conv.attribute.remove(attribute)
            conv.attribute.add(name="auto_pad", s=b"SAME_UPPER", type=3)
    _without_dead_ends(model)


def _without_dead_ends(model: "ModelProto") -> None:
    """Drop nodes that lead to no output."""
    needed = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
