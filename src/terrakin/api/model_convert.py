"""Weights and networks of others as bundles."""

import hashlib
import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from terrakin.bundles.bundle import Bundle
from terrakin.errors import TrainingError
from terrakin.registry import require

if TYPE_CHECKING:
    from terrakin.training.draft import Draft

__all__ = ["ArgumentError", "convert"]

_LARGEST = 1 << 30
# Bytes of a file that is read whole: twice the largest model that a bundle may hold.

_TOLERANCE = 1e-3
# Between an image's embedding alone and in a batch, relative to the largest value.


class ArgumentError(ValueError):
    """An argument of `convert` does not go with the file, or one that the file needs is missing."""


def convert(
    file: Path,
    *,
    licence: str,
    training_data: str,
    name: str | None = None,
    version: str = "1",
    bands: Sequence[str] | None = None,
    input_size: int | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    architecture: str | None = None,
    padding: Literal["same", "symmetric"] | None = None,
    output: str | None = None,
    weights: Literal["float32", "int8"] = "float32",
) -> Bundle:
    """The bundle of a checkpoint of a known backbone, or of an ONNX classifier or embedder.

    Args:
        file: `.onnx`; or `.safetensors`, `.pth`, `.pt` and the like with a state dict of torchvision's names.
        licence: SPDX expression of the weights' licence, which no file tells.
        training_data: what the model saw, in words, which no file tells.
        name: of the bundle; made from the file's where None.
        version: of the model under that name.
        bands: names of the bands it reads; red, green, blue where None and it reads three. A backbone takes any number: its
            first convolution is adapted.
        input_size: side of its input; what the file fixes, else 224, where None.
        mean: subtracted from values in [0, 1], one a band or one for all; what the backbone's published weights want where
            None.
        std: what they are then divided by, likewise.
        architecture: the backbone, where it should not be recognised; of a checkpoint only.
        padding: of mobilenetv2's convolutions with stride 2, to be said because no checkpoint tells it: `symmetric` for weights
            that were trained with torch, such as torchvision's, `same` for those that come from TensorFlow. It also decides
            `mean` and `std` where they are None.
        output: the tensor that becomes the embedding; of an ONNX file only.
        weights: how weights are stored in the bundle.

    Raises:
        ArgumentError: if an argument does not go with the file, or one that the file needs is missing.
        UnknownNameError: if there is no such backbone.
        MissingExtraError: if the packages of the extra `train` are not installed.
        TrainingError: if the file is not what it should be, or does not bear to have its weights rounded.
        BundleError: if its graph cannot be run.
    """
    require("torch", extra="train")
    if not file.is_file():
        raise TrainingError(f"there is no file of weights at {str(file)!r}; name a .pth, .pt, .safetensors or .onnx file")
    if file.stat().st_size > _LARGEST:
        raise TrainingError(f"{str(file)!r} is larger than the {_LARGEST:,} bytes that are read")
    said = _Said(file, name, version, bands, input_size, mean, std, training_data, licence)
    if file.suffix.lower() == ".onnx":
        if architecture is not None:
            raise ArgumentError("an ONNX file holds its own architecture; --architecture goes with a checkpoint")
        if padding is not None:
            raise ArgumentError("an ONNX file holds its own padding; --padding goes with a checkpoint of mobilenetv2")
        return _from_onnx(said, output, weights)
    if output is not None:
        raise ArgumentError("a checkpoint has no outputs to choose from; --output goes with an ONNX file")
    return _from_checkpoint(said, architecture, padding, weights)


class _Said:
    """What a person said of a file, and what follows where they said nothing."""

    def __init__(
        self,
        file: Path,
        name: str | None,
        version: str,
        bands: Sequence[str] | None,
        input_size: int | None,
        mean: Sequence[float] | None,
        std: Sequence[float] | None,
        training_data: str,
        licence: str,
    ) -> None:
        self.file, self.version, self.bands, self.input_size = file, version, bands, input_size
        self.name = name or re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "converted"
        self.mean, self.std, self.training_data, self.licence = mean, std, training_data, licence

    def draft(self, *, bands: int, input_size: int, mean: tuple[float, ...], std: tuple[float, ...]) -> "Draft":
        from terrakin.training.draft import Draft

        return Draft(
            name=self.name,
            version=self.version,
            bands=self.band_names(bands),
            input_size=input_size,
            mean=_per_band(mean, bands),
            std=_per_band(std, bands),
            training_data=self.training_data,
            licence=self.licence,
        )

    def band_names(self, count: int) -> tuple[str, ...]:
        if self.bands is not None:
            return tuple(self.bands)
        if count == 3:
            return ("red", "green", "blue")
        raise ArgumentError(f"the model reads {count} bands; name them in its order with --bands")

    def card(self, how: str) -> str:
        digest = hashlib.sha256(self.file.read_bytes()).hexdigest()
        return (
            f"# {self.name} {self.version}\n\nConverted from `{self.file.name}` (sha256 {digest}). {how}\n\n"
            f"Training data: {self.training_data}\n\nLicence: {self.licence}\n"
        )


def _from_checkpoint(said: _Said, architecture: str | None, padding: str | None, weights: Literal["float32", "int8"]) -> Bundle:
    from terrakin.nn.backbones.known import BACKBONES
    from terrakin.nn.heads.known import HEADS
    from terrakin.training.export import export
    from terrakin.training.network import Network
    from terrakin.training.weights import read_weights, recognise

    found = recognise(read_weights(said.file), architecture=architecture)
    bands = len(said.band_names(found.bands))
    make = BACKBONES[found.architecture]
    pads = "padding" in inspect.signature(make).parameters
    if pads and padding is None:
        raise ArgumentError(
            f"weights of {found.architecture} that were trained with torch and with TensorFlow go by the same names, but want "
            "another padding, and no file tells which: say --padding symmetric for torchvision's, same for TensorFlow's"
        )
    if padding is not None and not pads:
        raise ArgumentError(f"{found.architecture} pads in one way alone; --padding goes with a checkpoint of mobilenetv2")
    backbone = make(bands, **({} if padding is None else {"padding": padding}))
    backbone.load_published(found.state)
    draft = said.draft(
        bands=bands,
        input_size=said.input_size or 224,
        mean=tuple(said.mean or backbone.mean),
        std=tuple(said.std or backbone.std),
    )
    others = [name for name in found.left_out if ".kept." not in f".{name}"]
    left = f" Left out: {', '.join(others)}." if others else ""
    left += " Left out: the copy that was kept beside it." if len(others) < len(found.left_out) else ""
    padded = "" if padding is None else f" Convolutions with stride 2 have {padding} padding."
    adapted = "" if bands == found.bands else f" Its first convolution was adapted from {found.bands} bands to {bands}."
    card = said.card(f"The embedding is the mean of the last feature map of {found.architecture}.{padded}{adapted}{left}")
    network = Network(backbone, HEADS["gap"](backbone.channels, 0))
    return export(network, draft, card=card, weights=weights)


def _from_onnx(said: _Said, output: str | None, weights: Literal["float32", "int8"]) -> Bundle:
    from terrakin.training.draft import finished
    from terrakin.training.foreign import embedder
    from terrakin.training.rounding import rounded

    if said.mean is None or said.std is None:
        raise ArgumentError(
            "an ONNX file does not tell how its input is normalised; say it with --mean and --std, for values in [0, 1]: "
            "0.485,0.456,0.406 and 0.229,0.224,0.225 for most networks that were trained with torch on ImageNet"
        )
    found = embedder(said.file.read_bytes(), output=output, input_size=said.input_size)
    if said.bands is not None and len(said.bands) != found.bands:
        raise ArgumentError(f"the graph reads {found.bands} bands, --bands names {len(said.bands)}")
    draft = said.draft(bands=found.bands, input_size=found.input_size, mean=tuple(said.mean), std=tuple(said.std))
    card = said.card(f"The embedding is {'the mean of ' if found.pooled else ''}its tensor `{found.taken}`.")
    bundle = finished(found.model, draft, card=card)
    # First, because rounding is tried on several images at once.
    _check_batches(bundle)
    return finished(rounded(found.model, draft), draft, card=card) if weights == "int8" else bundle


def _check_batches(bundle: Bundle) -> None:
    """A graph that was made for one image may mix up two."""
    bands, size = len(bundle.passport.bands), bundle.passport.input_size
    images = np.random.default_rng(0).random((2, bands, size, size), dtype=np.float32)
    together, alone = bundle.raw(images), np.concatenate([bundle.raw(images[:1]), bundle.raw(images[1:])])
    off = float(np.abs(together - alone).max() / max(1e-30, float(np.abs(alone).max())))
    if not off <= _TOLERANCE:
        raise TrainingError(
            f"the graph gives an image another embedding when two are read at once (off by {off:.2g}); "
            "export it with a dynamic batch"
        )


def _per_band(values: tuple[float, ...], bands: int) -> tuple[float, ...]:
    return values * bands if len(values) == 1 else values
