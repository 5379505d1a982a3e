"""The passport: what a trained model needs and what it gives."""

from dataclasses import dataclass

from terrakin.spaces.space import Space

__all__ = ["FORMAT", "Passport", "Reduction"]

FORMAT = 1
"""Number of the bundle format that this program writes."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reducer's place in a passport: what its file holds and where it was fitted."""

    kind: str
    """`pca` or `pca-whitened`."""
    size: int
    """Dimensions that are kept."""
    fitted_on: str
    """Data it was fitted on, in words: `archive`, or the name of a training set."""
    digest: str
    """Hex digest of the reducer's arrays."""


@dataclass(frozen=True, slots=True)
class Passport:
    """What a bundle needs and gives. Two embeddings compare only where their passports agree."""

    name: str
    """Lower case, digits and hyphens: `imagenet-mobilenetv2`."""
    version: str
    """Version of the model under that name."""
    bands: tuple[str, ...]
    """Common names of the bands the model reads, in order."""
    input_size: int
    """Side of the square input in pixels."""
    mean: tuple[float, ...]
    """Subtracted from values in [0, 1], one a band."""
    std: tuple[float, ...]
    """Then divided by, one a band."""
    outputs: tuple[str, ...]
    """Names of the graph's outputs; `embedding` always."""
    space: Space
    """How the embeddings compare, after the reducer."""
    reducer: Reduction | None
    """None where embeddings leave the graph as they are stored."""
    training_data: str
    """What the model saw, in words."""
    licence: str
    """SPDX expression of the weights' licence."""
    digest: str
    """Hex digest of `model.onnx`."""
    self_test: tuple[float, ...]
    """First eight values of the packed embedding of the self-test image; checked when the bundle is opened for work."""
    format: int = FORMAT
    """Number of the bundle format."""
