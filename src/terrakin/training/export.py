"""A trained torch module as a bundle."""

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from terrakin.bundles.bundle import Bundle
from terrakin.bundles.reducer import Reducer
from terrakin.bundles.session import run_session
from terrakin.errors import BundleError, RecipeError, TrainingError
from terrakin.training.draft import Draft, finished
from terrakin.training.probes import random_pixels, self_test_pixels, session_of
from terrakin.training.rounding import rounded
from terrakin.training.trace import named_outputs, resting, trace

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["Storage", "export"]

Values = NDArray[np.float32]

Storage = Literal["float32", "int8"]
"""How weights lie in the file: as they are, or rounded to 8 bits for a quarter of the space. Computed with as float32."""

_TOLERANCE = 1e-4
# Between ONNX Runtime and torch, relative to the largest value. Both sum in float32, in other orders: about 1e-6.


def export(
    module: nn.Module, draft: Draft, *, card: str, reducer: Reducer | None = None, weights: Storage = "float32"
) -> Bundle:
    """The bundle of a trained module, whose ONNX graph was seen to give what torch gives.

    The graph reads any number of images, of any size where the module neither decides by their size nor refuses another. The
    same module gives the same bytes.

    Args:
        module: takes normalised pixels (N, C, H, W), gives an `Output`; neither moved nor changed.
        draft: what the passport says. The module sees (values - mean) / std.
        card: origin, licence, intended use and limits, in Markdown.
        reducer: applied to the embedding, where there is one.
        weights: how they are stored.

    Raises:
        MissingExtraError: if ONNX is not installed.
        TrainingError: if the module cannot be written as ONNX, if its graph gives other values than the module, or if it does
            not bear to have its weights rounded.
        BundleError: if the reducer is of another size.
    """
    module = resting(module)
    model = _true_graph(module, draft)
    if weights == "int8":
        model = rounded(model, draft)
    bundle = finished(model, draft, card=card)
    return bundle if reducer is None else bundle.with_reducer(reducer)


def _true_graph(module: nn.Module, draft: Draft) -> "ModelProto":
    """The graph for images of any size where that is true to the module, else the one for the draft's size."""
    bands, size = len(draft.bands), draft.input_size
    images = [self_test_pixels(draft), random_pixels(draft, size, size)]
    free = trace(module, bands=bands, size=size, free=True)
    # An odd and an even side, neither the one it was traced with: what was baked in shows, or breaks. A front-end is made
    # for one size and refuses them.
    with suppress(BundleError, RecipeError):
        if _off(free, module, draft, [*images, random_pixels(draft, size + 1, size + 2)]) <= _TOLERANCE:
            return free
    fixed = trace(module, bands=bands, size=size, free=False)
    off = _off(fixed, module, draft, images)
    # Written so that NaN is refused, too.
    if not off <= _TOLERANCE:
        raise TrainingError(
            f"the ONNX graph of {type(module).__name__} differs from torch by {off:.2g} of the largest value, allowed are "
            f"{_TOLERANCE:g}. Its forward() depends on more than its input, or uses an operator that is exported wrongly"
        )
    return fixed


def _off(model: "ModelProto", module: nn.Module, draft: Draft, images: list[Values]) -> float:
    """Difference between graph and module in the output where it is largest, relative to that output's largest value.

    It is that of the value that differs most. Of images after a conversion it is the mean over pixels: where a coordinate that
    is off by 1e-7 falls beyond an edge, or nearly nothing is taken to a small power, a pixel differs and nothing is wrong.
    """
    session = session_of(model, draft)
    differences = []
    for pixels in images:
        for name, value in named_outputs(module, torch.from_numpy(pixels)).items():
            wanted, found = value.numpy(), run_session(session, name, pixels)
            largest = max(float(np.abs(wanted).max()), float(np.finfo(np.float32).tiny))
            worst = np.mean if wanted.ndim == 4 else np.max
            differences.append(float(worst(np.abs(found - wanted))) / largest if found.shape == wanted.shape else float("inf"))
    return float(np.max(differences))
