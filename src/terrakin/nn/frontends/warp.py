"""What every spatial conversion does."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from terrakin.nn.frontends.conversion import Conversion
from terrakin.nn.frontends.sampling import Interpolation, Padding, inside, sample

__all__ = ["Warp"]


class Warp(Conversion, ABC):
    """A spatial conversion: for every pixel of the result, where to read in the image. It is linear in its parameters.

    Wang, Ji & Zhang, JSTARS 2021, equation 2. The points are one matrix product of a constant basis, which depends on the size
    alone, and of the parameters arranged as sources: it is exported as a MatMul.

    On a GPU the gradient at the image, which the order `spec+spat` needs, is summed in no fixed order: the last digits of two
    runs differ.
    """

    basis: Tensor
    """(height * width, K) float."""

    def __init__(
        self, basis: Tensor, identity: Tensor, height: int, width: int, *, interpolation: Interpolation, padding: Padding
    ) -> None:
        super().__init__(identity)
        self.height, self.width = height, width
        self.interpolation, self.padding = interpolation, padding
        # Made in float64, kept in the precision of the network's weights, and no weight itself: a size gives it.
        self.register_buffer("basis", basis.to(torch.get_default_dtype()), persistent=False)

    @abstractmethod
    def sources(self, theta: Tensor) -> Tensor:
        """The parameters (N, length) arranged as (N, K, 2)."""

    def points(self, theta: Tensor) -> Tensor:
        """Where each pixel is read: (N, height, width, 2), (x, y) as in `pixel_centres`, for parameters (N, length)."""
        sources = self.sources(theta)
        # One product for all images: a product for each would copy the basis N times.
        columns = sources.permute(1, 0, 2).reshape(self.basis.shape[1], -1)
        return (self.basis @ columns).reshape(self.height, self.width, -1, 2).permute(2, 0, 1, 3)

    def inside(self, theta: Tensor) -> Tensor:
        """Which pixels of the result are read from pixels alone and from nothing outside: (N, height, width) bool."""
        return inside(self.points(theta), self.height, self.width, interpolation=self.interpolation)

    def forward(self, images: Tensor, theta: Tensor) -> Tensor:
        """Images (N, C, height, width) as read at the points of parameters (N, length)."""
        return sample(images, self.points(theta), interpolation=self.interpolation, padding=self.padding)
