"""What every front-end does."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.frontends.conversion import Conversion

__all__ = ["Converted", "FrontEnd"]


class Converted(NamedTuple):
    """What a front-end makes of a batch."""

    images: Tensor
    """(N, C, H, W) float: the images, converted. Values can leave [0, 1]."""
    theta: Tensor
    """(N, P) float: by which parameters."""
    steps: Mapping[str, Tensor] | None = None
    """(N, C, H, W) float each: the images after each conversion, by its name, in the order in which they act. A model whose
    front-end leaves them out cannot be explained."""


class FrontEnd(nn.Module, ABC):
    """A network that corrects images before a backbone sees them; made by `(bands=3, *, size=224, **options)`.

    `forward` takes images (N, bands, size, size) in [0, 1], before normalisation: gamma needs values that are not negative, a
    bias shared by the bands needs bands that share a scale, and what lies outside an image is then black. It gives
    `Converted`. It starts as the identity.

    It computes in the precision of its weights, also under automatic mixed precision: rounded to bfloat16, a coordinate is off
    by up to a fifth of a pixel at 224 px.
    """

    bands: int
    """Of the images."""
    size: int
    """Height and width of the images, in pixels."""
    parts: dict[str, int]
    """How many numbers of theta each conversion takes, by its name, in the order in which they lie there."""
    order: tuple[str, ...]
    """Names of the conversions, in the order in which they act."""

    def __init__(self, bands: int, size: int, conversions: Mapping[str, Conversion], *, order: Sequence[str]) -> None:
        """Say what it consists of.

        Args:
            bands: of the images.
            size: height and width of the images, in pixels.
            conversions: by name, in the order of their parameters in theta.
            order: their names, in the order in which they act.
        """
        super().__init__()
        self.bands, self.size = bands, size
        self.conversions = nn.ModuleDict(conversions)
        self.order = tuple(order)
        self.parts = {name: conversion.length for name, conversion in conversions.items()}

    @property
    def length(self) -> int:
        """P, the width of theta."""
        return sum(self.parts.values())

    def split(self, theta: Tensor) -> dict[str, Tensor]:
        """The parameters of each conversion, by its name: (N, its length) out of theta (N, P)."""
        return dict(zip(self.parts, torch.split(theta, list(self.parts.values()), dim=1), strict=True))

    def steps(self, images: Tensor, theta: Tensor) -> dict[str, Tensor]:
        """Images (N, bands, size, size) after each conversion by theta (N, P), by its name; the last is the result."""
        parameters, done = self.split(theta), {}
        for name in self.order:
            images = self.conversions[name](images, parameters[name])
            done[name] = images
        return done

    def forward(self, images: Tensor) -> Converted:
        """Images converted, and theta (N, P), of images (N, bands, size, size) in [0, 1].

        Raises:
            RecipeError: if the images are of another size or number of bands.
        """
        if images.shape[1:] != (self.bands, self.size, self.size):
            found, wanted = (" x ".join(map(str, shape)) for shape in (images.shape[1:], (self.bands, self.size, self.size)))
            raise RecipeError(
                f"this front-end was made for images of {wanted} (bands, height, width), got {found}; "
                "resize the images, or make it for their size"
            )
        with torch.autocast(images.device.type, enabled=False):
            return self.convert(images.to(next(self.parameters()).dtype))

    @abstractmethod
    def convert(self, images: Tensor) -> Converted:
        """What `forward` gives, for images of the right size and precision."""
