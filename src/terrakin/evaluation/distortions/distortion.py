"""A distortion: a known change of an image, at graded strengths."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Distortion", "Image", "distorted"]

Image = NDArray[np.float32]
"""(H, W, C) float32 in [0, 1]; any number of bands."""

Change = Callable[[Image, float, np.random.Generator], Image]
"""From an image, a strength and a source of chance to another image of the same shape and range; modifies nothing."""


@dataclass(frozen=True, slots=True)
class Distortion:
    """A change of images that has a strength."""

    name: str
    """Name in the registry of distortions."""
    words: str
    """What happens to the image, for people."""
    unit: str
    """What its strength is counted in; empty where it is a bare number."""
    neutral: float
    """The strength that changes nothing."""
    strengths: tuple[float, ...]
    """What is measured, ascending, without the neutral one. The further from that, on either side, the stronger."""
    change: Change
    """Makes the distorted image; call it through `distorted`."""

    def __post_init__(self) -> None:
        ascending = all(low < high for low, high in zip(self.strengths, self.strengths[1:], strict=False))
        if not self.strengths or not ascending or self.neutral in self.strengths:
            raise ValueError(
                f"strengths of {self.name} are ascending and without the neutral {self.neutral:g}, got {self.strengths}"
            )


def distorted(distortion: Distortion, image: Image, strength: float, *, key: str) -> Image:
    """`image` under a distortion.

    Args:
        distortion: what happens.
        image: see `Image`. Not modified.
        strength: how much; any number that the distortion understands, not only those it is measured at.
        key: what chance depends on beside the distortion and its strength: the id of the chip. Equal keys give equal images.

    Returns:
        (H, W, C) float32 in [0, 1].

    >>> from terrakin.evaluation.distortions.known import DISTORTIONS
    >>> distorted(DISTORTIONS["haze"], np.full((1, 1, 1), 0.2, np.float32), 0.5, key="chip").item()
    0.6000000238418579
    """
    seed = hashlib.blake2b(f"{distortion.name}\0{strength!r}\0{key}".encode(), digest_size=8).digest()
    return distortion.change(image, strength, np.random.default_rng(int.from_bytes(seed, "little")))
