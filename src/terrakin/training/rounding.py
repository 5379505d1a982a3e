"""A graph with weights of 8 bits, if it bears them."""

from typing import TYPE_CHECKING

import numpy as np

from terrakin.bundles.session import run_session
from terrakin.errors import TrainingError
from terrakin.training.draft import Draft
from terrakin.training.probes import random_pixels, self_test_pixels, session_of
from terrakin.training.storage import packed

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["rounded"]

_LEAST_COSINE = 0.95
# Between embeddings before and after weights are rounded for storage: what falls below is broken. MobileNetV2 keeps 0.976 and
# loses nothing of its retrieval quality by it.


def rounded(model: "ModelProto", draft: Draft) -> "ModelProto":
    """A copy whose large weights are rounded as `terrakin.training.storage.packed` does, and still gives these embeddings.

    Args:
        model: input `pixels`, output `embedding` (N, D); reads several images at once.
        draft: says what it reads.

    Raises:
        TrainingError: if an embedding of some image turns too far by the rounding.
        BundleError: if the graph cannot be run.
    """
    result = packed(model)
    pixels = np.concatenate([self_test_pixels(draft), random_pixels(draft, draft.input_size, draft.input_size)])
    one, other = (run_session(session_of(graph, draft), "embedding", pixels) for graph in (model, result))
    least = float(((one * other).sum(axis=1) / (np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1))).min())
    # Written so that NaN is refused, too.
    if not least >= _LEAST_COSINE:
        raise TrainingError(
            f"rounding the weights of {draft.name} to 8 bits turns an embedding to a cosine of {least:.3f}, "
            f"at least {_LEAST_COSINE} is wanted; store them as float32"
        )
    return result
