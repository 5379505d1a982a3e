"""A bundle in the making: what is known of a model before its graph is, and how the two become one."""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from terrakin.bundles.bundle import Bundle
from terrakin.bundles.conversions import Conversions
from terrakin.bundles.graph import self_test_values
from terrakin.bundles.passport import SELF_TEST_PARTS, Passport
from terrakin.chips.pixels import Upsampling
from terrakin.errors import TrainingError
from terrakin.spaces.space import Kind, Space

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["Draft", "drafted", "finished"]


@dataclass(frozen=True, slots=True)
class Draft:
    """The part of a passport that no graph tells; the fields are the passport's."""

    name: str
    """Lower case, digits and hyphens."""
    version: str
    """Version of the model under that name."""
    bands: tuple[str, ...]
    """Common names of the bands the model reads, in order."""
    input_size: int
    """Side of the square input in pixels."""
    mean: tuple[float, ...]
    """Subtracted from values in [0, 1], one a band."""
    std: tuple[float, ...]
    """Then divided by, one a band; above 0."""
    training_data: str
    """What the model saw, in words."""
    licence: str
    """SPDX expression of the weights' licence."""
    space: Kind = "cosine"
    """How the embeddings compare."""
    frontend: Conversions | None = None
    """What a front-end does. It is left out of a bundle whose graph does not give the images after each conversion."""
    scaling: str | None = None
    """The rule that makes values in [0, 1]; None for `auto`."""
    upsampling: Upsampling = "bicubic"
    """How bands that are coarser than the input are enlarged."""

    def __post_init__(self) -> None:
        # Whatever a passport would refuse is refused before hours of work end in it.
        try:
            drafted(self)
        except ValueError as exc:
            raise TrainingError(f"no bundle can be made: {exc}") from exc


def drafted(draft: Draft, outputs: tuple[str, ...] = ("embedding",), size: int = 8) -> Passport:
    """A passport of which digest and self-test are not known yet: zeros stand for both.

    Args:
        draft: what is known.
        outputs: names of the graph's outputs.
        size: of its embedding.
    """
    return Passport(
        name=draft.name,
        version=draft.version,
        bands=draft.bands,
        input_size=draft.input_size,
        mean=draft.mean,
        std=draft.std,
        outputs=outputs,
        space=Space(draft.space, size),
        reducer=None,
        training_data=draft.training_data,
        licence=draft.licence,
        digest="0" * 64,
        self_test=(0.0,) * min(SELF_TEST_PARTS, size),
        frontend=draft.frontend if draft.frontend and set(draft.frontend.outputs) <= set(outputs) else None,
        scaling=draft.scaling,
        upsampling=draft.upsampling,
    )


def finished(model: "ModelProto", draft: Draft, *, card: str) -> Bundle:
    """The bundle of a graph: its outputs and embedding size read, its digest taken, its self-test written and run.

    Args:
        model: input `pixels`; outputs `embedding` (N, D) and any others.
        draft: what its passport says besides.
        card: Markdown.

    Raises:
        TrainingError: if the graph has no `embedding` of a known size.
        BundleError: if it cannot be run.
    """
    shapes = {output.name: output.type.tensor_type.shape.dim for output in model.graph.output}
    if "embedding" not in shapes or len(shapes["embedding"]) != 2 or not shapes["embedding"][1].dim_value:
        raise TrainingError(
            f"the graph of {draft.name} needs an output embedding (N, D) with a fixed D, it has {', '.join(shapes)}"
        )
    content = model.SerializeToString(deterministic=True)
    passport = drafted(draft, tuple(shapes), shapes["embedding"][1].dim_value)
    passport = replace(passport, digest=hashlib.sha256(content).hexdigest())
    passport = replace(passport, self_test=self_test_values(content, passport))
    bundle = Bundle(passport, model=content, card=card)
    bundle.self_check()
    return bundle
