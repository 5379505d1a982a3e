"""A bundle that computes in 8 bits: twice the speed on processors made for it, a quarter of the space."""

import io
import tempfile
from contextlib import redirect_stdout
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.bundle import Bundle
from terrakin.bundles.session import INPUT
from terrakin.errors import TrainingError
from terrakin.registry import require
from terrakin.training.draft import Draft, finished
from terrakin.training.storage import unpacked

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["Range", "quantise"]

Values = NDArray[np.float32]

Range = Literal["extremes", "entropy"]
"""What of the values seen in calibration the 8 bits span: all of them, or the part whose histogram loses least information."""

_OPERATORS = ("Conv", "Clip", "Relu", "Add", "MaxPool")
# Pooling and what follows it stay in float32: they cost nothing, and the embedding keeps its resolution.

_AT_ONCE = 8
# Images whose activations are held at once while histograms are made; 200 of MobileNetV2 would be 5 GB.

_LEAST_COSINE = 0.9
# Mean over the calibration images: what falls below is broken. MobileNetV2 keeps 0.996 where its weights are of 8 bits already.


def quantise(bundle: Bundle, images: Values, *, card: str, span: Range = "extremes") -> Bundle:
    """A bundle like `bundle`, whose convolutions compute with 8-bit integers: unsigned activations, signed weights a channel.

    A front-end goes on in float32: of 255 steps from border to border, one is a pixel of 224.

    Activations are given ranges by running the float network on images; their labels play no part. The reducer stays: the
    embedding's dimensions mean what they meant. Archives of the two bundles do not mix.

    Args:
        bundle: computes in float32; its weights may be stored in 8 bits.
        images: (N, C, H, W) float32 in [0, 1] of the passport's bands and input size, like those that will be read; about 200.
        card: of the new bundle, in Markdown.
        span: what becomes 0 and 255.

    Raises:
        MissingExtraError: if ONNX is not installed.
        TrainingError: if there is nothing to quantise, or embeddings of the images turn too far.
    """
    require("onnx", extra="train")
    _check(bundle, images)
    model = _eight_bits(_prepared(bundle), _normalised(bundle, images), span)
    said = {field.name: getattr(bundle.passport, field.name) for field in fields(Draft) if field.name != "space"}
    draft = Draft(**said, space=bundle.passport.space.kind)
    result = finished(model, draft, card=card)
    cosine = float(_cosines(bundle.raw(images), result.raw(images)).mean())
    if not cosine >= _LEAST_COSINE:
        raise TrainingError(
            f"8 bits turn the embeddings of {draft.name} to a mean cosine of {cosine:.3f}, at least {_LEAST_COSINE} is wanted; "
            "calibrate with other images, or leave it in float32"
        )
    return result if bundle.reducer is None else result.with_reducer(bundle.reducer)


def _check(bundle: Bundle, images: Values) -> None:
    passport = bundle.passport
    wanted = (len(passport.bands), passport.input_size, passport.input_size)
    if images.ndim != 4 or images.shape[1:] != wanted or images.dtype != np.float32 or len(images) == 0:
        raise ValueError(f"{passport.name} is calibrated with float32 (N, {str(wanted)[1:]}, got {images.dtype} {images.shape}")


def _prepared(bundle: Bundle) -> "ModelProto":
    """The graph in float32, simplified as a run would simplify it, with the shape and a name for everything."""
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model = unpacked(onnx.load_from_string(bundle.model))
    # What the exporter noted of shapes contradicts what is inferred now ("existing shape differs in dimension 0").
    del model.graph.value_info[:]
    with tempfile.TemporaryDirectory(prefix="terrakin-") as folder:
        path = Path(folder) / "model.onnx"
        quant_pre_process(model, path, skip_symbolic_shape=True)
        prepared: ModelProto = onnx.load(path)
    for number, node in enumerate(prepared.graph.node):
        node.name = f"{node.op_type}{number}"  # nodes without a name cannot be told apart
    if not any(node.op_type == "Conv" for node in prepared.graph.node):
        raise TrainingError(f"the graph of {bundle.passport.name} has no convolution to compute in 8 bits")
    if any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in prepared.graph.node):
        raise TrainingError(f"the graph of {bundle.passport.name} computes in 8 bits already")
    return prepared


def _eight_bits(model: "ModelProto", pixels: Values, span: Range) -> "ModelProto":
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    methods = {"extremes": CalibrationMethod.MinMax, "entropy": CalibrationMethod.Entropy}
    # As many images as fill whole steps: ONNX Runtime takes no others.
    step = min(_AT_ONCE, len(pixels))
    # It prints what it is at; standard output is for results.
    with tempfile.TemporaryDirectory(prefix="terrakin-") as folder, redirect_stdout(io.StringIO()):
        path = Path(folder) / "model.onnx"
        quantize_static(
            model,
            path,
            _Reader(pixels[: len(pixels) // step * step]),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_OPERATORS),
            nodes_to_exclude=_before_backbone(model),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=methods[span],
            extra_options={"CalibStridedMinMax": step},
        )
        result: ModelProto = onnx.load(path)
    del result.graph.value_info[:]
    return result


def _before_backbone(model: "ModelProto") -> list[str]:
    """Names of a front-end's nodes: all that lead to `theta`, and all else before the first convolution that does not."""
    wanted = {"theta"}.intersection(output.name for output in model.graph.output)
    if not wanted:
        return []
    leading = set()
    for node in reversed(model.graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            leading.add(node.name)
    behind: set[str] = set()
    for node in model.graph.node:
        if node.name not in leading and (node.op_type == "Conv" or behind.intersection(node.input)):
            behind.update(node.output)
    return [node.name for node in model.graph.node if not behind.intersection(node.output)]


class _Reader:
    """Images one by one, as ONNX Runtime's calibration asks for them: a part of them at a time."""

    def __init__(self, pixels: Values) -> None:
        self._pixels = pixels
        self.set_range(0, len(pixels))

    def __len__(self) -> int:
        return len(self._pixels)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Give the images from `start_index` on, up to and without `end_index`."""
        self._rows = iter(range(start_index, end_index))

    def get_next(self) -> dict[str, Any] | None:
        """The next image, or None after the last."""
        row = next(self._rows, None)
        return None if row is None else {INPUT: self._pixels[row : row + 1]}


def _normalised(bundle: Bundle, images: Values) -> Values:
    passport = bundle.passport
    mean, std = (np.array(one, dtype=np.float32)[:, np.newaxis, np.newaxis] for one in (passport.mean, passport.std))
    return (images - mean) / std


def _cosines(one: Values, other: Values) -> Values:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines: Values = (one * other).sum(axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    return cosines
