"""An explanation: what a model's front-end made of a query and of its hits."""

import json
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from terrakin.search.conversions.reading import Reading
from terrakin.spaces.space import Space

__all__ = ["ExplainedImage", "Explanation", "Role", "Step"]

Role = Literal["query", "hit"]
"""What an image is in a search."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One conversion of one image."""

    conversion: str
    """Name of the conversion: `affine`, `linear`."""
    reading: Reading
    """Its parameters, named and in words."""
    image: NDArray[np.float32]
    """(C, H, W) the image after it; values can leave [0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedImage:
    """A query or a hit, before and after each conversion."""

    id: str
    """The chip's id, or the query in words."""
    role: Role
    """Which of the two."""
    rank: int | None
    """Place of a hit, from 1; None for the query."""
    distance: float | None
    """Distance of a hit from the query; None for the query."""
    labels: tuple[str, ...]
    """Labels, where it is a chip that has some."""
    theta: tuple[float, ...]
    """Parameters as the model gives them."""
    image: NDArray[np.float32]
    """(C, H, W) in [0, 1]: as it came to the model."""
    steps: tuple[Step, ...]
    """Each conversion, in the order in which they act."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A query and its hits, each before and after the conversions of the model's front-end."""

    archive: str
    """Path of the archive."""
    model: str
    """Name and version of the model."""
    frontend: str
    """Name of its front-end."""
    bands: tuple[str, ...]
    """Of the images, in their order."""
    query: str
    """The query in words."""
    space: Space
    """How vectors were compared."""
    k: int
    """How many hits were asked for."""
    filter: str | None
    """The filter as it was written, or None."""
    images: tuple[ExplainedImage, ...]
    """The query, then its hits, nearest first."""

    def to_json(self) -> str:
        """All but the images' pixels, as a JSON object."""
        return json.dumps(
            {
                "archive": self.archive,
                "query": self.query,
                "model": self.model,
                "frontend": self.frontend,
                "bands": list(self.bands),
                "space": {"kind": self.space.kind, "size": self.space.size, "codes": self.space.codes},
                "k": self.k,
                "filter": self.filter,
                "images": [_image(image) for image in self.images],
            },
            indent=2,
            ensure_ascii=False,
            allow_nan=False,
        )


def _image(image: ExplainedImage) -> dict[str, Any]:
    return {
        "role": image.role,
        "rank": image.rank,
        "id": image.id,
        "distance": image.distance,
        "labels": list(image.labels),
        "theta": list(image.theta),
        "conversions": [
            {
                "name": step.conversion,
                "kind": step.reading.kind,
                "words": step.reading.words,
                "parameters": dict(step.reading.parameters),
            }
            for step in image.steps
        ],
    }
