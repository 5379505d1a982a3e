"""Joint spatial and spectral transformation."""

from typing import Literal

import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.frontends.conversion import Conversion
from terrakin.nn.frontends.frontend import Converted, FrontEnd
from terrakin.nn.frontends.pgn import PGN, Initialisation
from terrakin.nn.frontends.sampling import Interpolation, Padding
from terrakin.nn.frontends.spatial import SpatialKind, spatial_conversion
from terrakin.nn.frontends.spectral import SpectralKind, spectral_conversion
from terrakin.registry import nearest

__all__ = ["JSST"]

_ORDERS = ("spat+spec", "spec+spat", "hybrid")


class JSST(FrontEnd):
    """A spatial and a spectral conversion of each image, by parameters that a small network reads from that image.

    Wang, Ji & Zhang, "A learnable joint spatial and spectral transformation for high resolution remote sensing image
    retrieval", JSTARS 2021; and Wang et al., "The joint spatial and radiometric transformer", ISPRS Archives 2020. theta is the
    spatial parameters, then the spectral ones, whatever the order in which they act.

    The papers are silent on the network's sizes (see `PGN`), on coordinates (see `pixel_centres`), on what lies outside an
    image (`padding`), and on the formula of gamma (see `Gamma`).

    Three orders are stated. `hybrid` takes grid and spectral parameters from the input, and interpolates in the spectrally
    converted image: with `estimate="input"` that is `spec+spat`, and is computed as such. With `linear` and `estimate="input"`,
    `spat+spec` differs from them only where pixels are read from outside the image: interpolation weights sum to 1, so that
    gains and bias can be taken before or after. What the papers' Table VI reports between the orders must come from elsewhere.

    >>> JSST(size=32)(torch.rand(2, 3, 32, 32)).theta.shape
    torch.Size([2, 10])
    >>> JSST(13, size=32).parts
    {'affine': 6, 'linear': 14}
    """

    def __init__(
        self,
        bands: int = 3,
        *,
        size: int = 224,
        spatial: SpatialKind = "affine",
        spectral: SpectralKind = "linear",
        order: Literal["spat+spec", "spec+spat", "hybrid"] = "spat+spec",
        estimate: Literal["input", "intermediate"] = "input",
        pgn: Literal["shared", "independent"] = "shared",
        interpolation: Interpolation = "bilinear",
        padding: Padding = "zeros",
        initialisation: Initialisation = "pytorch",
        limit: float = 0.0,
    ) -> None:
        """Make the front-end.

        Args:
            bands: of the images.
            size: height and width of the images, in pixels.
            spatial: `affine` by 6 parameters, or `tps`: a thin-plate spline by 6 x 6 control points.
            spectral: `linear`, a gain a band and one bias; `gamma`, one for all bands; `gamma-band`, one a band; `gamma-grid`,
                one a place.
            order: which conversion acts first: `spat+spec`, `spec+spat`, or `hybrid`, spectral first with all parameters from
                the input.
            estimate: where the parameters of the second conversion are read: `input`, the image as it came, or
                `intermediate`, the image after the first; that needs `independent` networks.
            pgn: one `shared` network for all parameters (PGN-S), or two `independent` ones (PGN-I).
            interpolation: `bilinear` or `bicubic`.
            padding: what is read outside the image: `zeros`, its `border`, or its `reflection`.
            initialisation: of the networks, as `PGN` has it.
            limit: of parameters, as `PGN` has it.

        Raises:
            RecipeError: if a value does not exist, or does not go with the others.
        """
        _check(order, estimate, pgn)
        conversions: dict[str, Conversion] = {
            spatial: spatial_conversion(spatial, size, interpolation=interpolation, padding=padding),
            spectral: spectral_conversion(spectral, bands),
        }
        super().__init__(bands, size, conversions, order=[spatial, spectral] if order == "spat+spec" else [spectral, spatial])
        self.estimate = estimate
        identities = [conversion.identity for conversion in conversions.values()]
        if pgn == "shared":
            identities = [torch.cat(identities)]
        self.generators = nn.ModuleList(
            PGN(bands, size, identity, initialisation=initialisation, limit=limit) for identity in identities
        )

    def convert(self, images: Tensor) -> Converted:
        """Images converted, and theta."""
        if self.estimate == "intermediate":
            return self._step_by_step(images)
        theta = torch.cat([generator(images) for generator in self.generators], dim=1)
        steps = self.steps(images, theta)
        return Converted(steps[self.order[-1]], theta, steps)

    def _step_by_step(self, images: Tensor) -> Converted:
        """Each conversion's parameters from the image that it converts."""
        generators = dict(zip(self.parts, self.generators, strict=True))
        parameters: dict[str, Tensor] = {}
        steps: dict[str, Tensor] = {}
        for name in self.order:
            parameters[name] = generators[name](images)
            images = steps[name] = self.conversions[name](images, parameters[name])
        return Converted(images, torch.cat([parameters[name] for name in self.parts], dim=1), steps)


def _check(order: str, estimate: str, pgn: str) -> None:
    if order not in _ORDERS:
        meant = nearest(order, _ORDERS)
        raise RecipeError(f"no order {order!r}{f';{meant}' if meant else '.'} There are: {', '.join(_ORDERS)}")
    if estimate not in ("input", "intermediate"):
        raise RecipeError(f"estimate is input or intermediate, got {estimate!r}")
    if pgn not in ("shared", "independent"):
        raise RecipeError(f"pgn is shared or independent, got {pgn!r}")
    if estimate == "intermediate" and pgn == "shared":
        raise RecipeError("estimate intermediate needs a network for each conversion; say pgn independent, or estimate input")
    if estimate == "intermediate" and order == "hybrid":
        raise RecipeError("order hybrid takes all parameters from the input; say estimate input, or order spec+spat")
