"""The spectral conversions there are."""

from collections.abc import Callable
from typing import Literal

from terrakin.errors import RecipeError
from terrakin.nn.frontends.conversion import Conversion
from terrakin.nn.frontends.gamma import Gamma, GammaGrid
from terrakin.nn.frontends.linear import GainsAndBias
from terrakin.registry import nearest

__all__ = ["SpectralKind", "spectral_conversion"]

SpectralKind = Literal["linear", "gamma", "gamma-band", "gamma-grid"]
"""Gains and a bias; one gamma; one a band; one a place."""

_KNOWN: dict[str, Callable[[int], Conversion]] = {
    "linear": GainsAndBias,
    "gamma": lambda bands: Gamma(1),
    "gamma-band": Gamma,
    "gamma-grid": lambda bands: GammaGrid(),
}


def spectral_conversion(name: str, bands: int) -> Conversion:
    """The spectral conversion `linear`, `gamma`, `gamma-band` or `gamma-grid` of images with so many bands.

    Raises:
        RecipeError: if there is none of that name.
    """
    if name not in _KNOWN:
        meant = nearest(name, _KNOWN)
        raise RecipeError(
            f"no spectral conversion named {name!r}{f';{meant}' if meant else '.'} There are: {', '.join(_KNOWN)}"
        )
    return _KNOWN[name](bands)
