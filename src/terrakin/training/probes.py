"""Runs of a graph that is no bundle yet, on images that show whether it is right."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.graph import self_test_image
from terrakin.bundles.session import open_session
from terrakin.training.draft import Draft, drafted

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["random_pixels", "self_test_pixels", "session_of"]

Values = NDArray[np.float32]


def session_of(model: "ModelProto", draft: Draft) -> Any:
    """A session of a graph that has an output `embedding` (N, D) with a known D.

    Raises:
        BundleError: if it cannot be run.
    """
    shapes = {one.name: one.type.tensor_type.shape.dim for one in model.graph.output}
    passport = drafted(draft, tuple(shapes), shapes["embedding"][1].dim_value)
    return open_session(model.SerializeToString(), passport)


def self_test_pixels(draft: Draft) -> Values:
    """The image of the bundle's self-test, (1, C, H, W), normalised as the draft says."""
    return _normalised(self_test_image(drafted(draft)), draft)


def random_pixels(draft: Draft, height: int, width: int) -> Values:
    """Two images of noise, (2, C, height, width), the same ones each time, normalised as the draft says."""
    rng = np.random.default_rng(0)
    return _normalised(rng.random((2, len(draft.bands), height, width), dtype=np.float32), draft)


def _normalised(values: Values, draft: Draft) -> Values:
    mean, std = (np.array(one, dtype=np.float32)[:, np.newaxis, np.newaxis] for one in (draft.mean, draft.std))
    return (values - mean) / std
