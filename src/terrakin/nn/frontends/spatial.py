"""The spatial conversions there are."""

from typing import Literal

from terrakin.errors import RecipeError
from terrakin.nn.frontends.affine import Affine
from terrakin.nn.frontends.sampling import Interpolation, Padding
from terrakin.nn.frontends.tps import ThinPlateSpline
from terrakin.nn.frontends.warp import Warp
from terrakin.registry import nearest

__all__ = ["SpatialKind", "spatial_conversion"]

SpatialKind = Literal["affine", "tps"]
"""By 6 parameters, or by the places of 6 x 6 control points."""

_KNOWN: dict[str, type[Affine] | type[ThinPlateSpline]] = {"affine": Affine, "tps": ThinPlateSpline}


def spatial_conversion(name: str, size: int, *, interpolation: Interpolation, padding: Padding) -> Warp:
    """The spatial conversion `affine` or `tps` (thin-plate spline) of images of size x size pixels.

    Raises:
        RecipeError: if there is none of that name, or no such interpolation or padding.
    """
    if name not in _KNOWN:
        meant = nearest(name, _KNOWN)
        raise RecipeError(f"no spatial conversion named {name!r}{f';{meant}' if meant else '.'} There are: {', '.join(_KNOWN)}")
    if interpolation not in ("bilinear", "bicubic"):
        raise RecipeError(f"interpolation is bilinear or bicubic, got {interpolation!r}")
    if padding not in ("zeros", "border", "reflection"):
        raise RecipeError(f"padding is zeros, border or reflection, got {padding!r}")
    return _KNOWN[name](size, size, interpolation=interpolation, padding=padding)
