"""Front-ends of one conversion."""

from torch import Tensor

from terrakin.nn.frontends.conversion import Conversion
from terrakin.nn.frontends.frontend import Converted, FrontEnd
from terrakin.nn.frontends.pgn import PGN, Initialisation
from terrakin.nn.frontends.sampling import Interpolation, Padding
from terrakin.nn.frontends.spatial import SpatialKind, spatial_conversion
from terrakin.nn.frontends.spectral import SpectralKind, spectral_conversion

__all__ = ["Spatial", "Spectral"]


class _Single(FrontEnd):
    def __init__(
        self, bands: int, size: int, name: str, conversion: Conversion, initialisation: Initialisation, limit: float
    ) -> None:
        super().__init__(bands, size, {name: conversion}, order=[name])
        self.generator = PGN(bands, size, conversion.identity, initialisation=initialisation, limit=limit)

    def convert(self, images: Tensor) -> Converted:
        """Images converted, and their parameters."""
        theta = self.generator(images)
        steps = self.steps(images, theta)
        return Converted(steps[self.order[-1]], theta, steps)


class Spatial(_Single):
    """The spatial conversion of `JSST` alone: "ST" of Wang et al., ISPRS Archives 2020, "Spat" of JSTARS 2021.

    >>> Spatial(13, size=32).parts
    {'affine': 6}
    """

    def __init__(
        self,
        bands: int = 3,
        *,
        size: int = 224,
        conversion: SpatialKind = "affine",
        interpolation: Interpolation = "bilinear",
        padding: Padding = "zeros",
        initialisation: Initialisation = "pytorch",
        limit: float = 0.0,
    ) -> None:
        """Make the front-end.

        Args:
            bands: of the images.
            size: height and width of the images, in pixels.
            conversion: `affine` by 6 parameters, or `tps`: a thin-plate spline by 6 x 6 control points.
            interpolation: `bilinear` or `bicubic`.
            padding: what is read outside the image: `zeros`, its `border`, or its `reflection`.
            initialisation: of the network, as `PGN` has it.
            limit: of parameters, as `PGN` has it.

        Raises:
            RecipeError: if a value does not exist.
        """
        chosen = spatial_conversion(conversion, size, interpolation=interpolation, padding=padding)
        super().__init__(bands, size, conversion, chosen, initialisation, limit)


class Spectral(_Single):
    """The spectral conversion of `JSST` alone: "RT" of Wang et al., ISPRS Archives 2020, "Spec" of JSTARS 2021.

    >>> Spectral(13, size=32).parts
    {'linear': 14}
    """

    def __init__(
        self,
        bands: int = 3,
        *,
        size: int = 224,
        conversion: SpectralKind = "linear",
        initialisation: Initialisation = "pytorch",
        limit: float = 0.0,
    ) -> None:
        """Make the front-end.

        Args:
            bands: of the images.
            size: height and width of the images, in pixels.
            conversion: `linear`, a gain a band and one bias; `gamma`, one for all bands; `gamma-band`, one a band;
                `gamma-grid`, one a place.
            initialisation: of the network, as `PGN` has it.
            limit: of parameters, as `PGN` has it.

        Raises:
            RecipeError: if a value does not exist.
        """
        super().__init__(bands, size, conversion, spectral_conversion(conversion, bands), initialisation, limit)
