"""Which conversion is read how."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.conversions import Conversions
from terrakin.errors import BundleError
from terrakin.search.conversions.affine import read_affine
from terrakin.search.conversions.reading import Numbers, Reading
from terrakin.search.conversions.spectral import read_gains, read_gamma, read_gamma_grid, read_gammas
from terrakin.search.conversions.spline import read_spline

__all__ = ["KNOWN", "read_theta"]

KNOWN: dict[str, Callable[[Numbers, Sequence[str], int], Reading]] = {
    "affine": lambda theta, bands, size: read_affine(theta, size=size),
    "tps": lambda theta, bands, size: read_spline(theta, size=size),
    "linear": lambda theta, bands, size: read_gains(theta, bands=bands),
    "gamma": lambda theta, bands, size: read_gamma(theta),
    "gamma-band": lambda theta, bands, size: read_gammas(theta, bands=bands),
    "gamma-grid": lambda theta, bands, size: read_gamma_grid(theta),
}
"""Conversions that are told in words, by their names in a passport; of others the bare numbers are told."""


def read_theta(theta: NDArray[np.float32], conversions: Conversions, *, bands: Sequence[str], size: int) -> dict[str, Reading]:
    """What the parameters of one image say, by conversion, in the order in which they act.

    Args:
        theta: (P,) one image's.
        conversions: as the passport describes them.
        bands: the passport's.
        size: side of the image in pixels.

    Raises:
        BundleError: if there is another count of numbers than a conversion takes, or one of them is not finite.
    """
    numbers = theta.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise BundleError(f"the front-end {conversions.name} gives parameters that are no numbers: its model is broken")
    lengths = [part.length for part in conversions.parts]
    values = dict(zip([part.name for part in conversions.parts], np.split(numbers, np.cumsum(lengths)[:-1]), strict=True))
    readings = {}
    for name in conversions.order:
        try:
            with np.errstate(over="raise"):
                readings[name] = KNOWN.get(name, _bare)(values[name], bands, size)
        except (ValueError, ArithmeticError) as exc:
            raise BundleError(
                f"the {len(values[name])} parameters of {name} cannot be read for {len(bands)} bands: {exc}. The passport does "
                "not describe its model's front-end, or the model is broken"
            ) from exc
    return readings


def _bare(theta: Numbers, bands: Sequence[str], size: int) -> Reading:
    numbers = {f"theta_{place}": float(value) for place, value in enumerate(theta, 1)}
    count = "1 number" if len(theta) == 1 else f"{len(theta)} numbers"
    return Reading("other", numbers, f"{count} from {theta.min():.3g} to {theta.max():.3g}")
