"""Spectral conversions in words: gains and a bias, and gammas."""

import math
from collections.abc import Sequence

import numpy as np

from terrakin.search.conversions.reading import UNCHANGED, Numbers, Reading

__all__ = ["read_gains", "read_gamma", "read_gamma_grid", "read_gammas"]


def read_gains(theta: Numbers, *, bands: Sequence[str]) -> Reading:
    """A gain for each band, then one bias for all, in units of the range of values, which is 1.

    >>> read_gains(np.array([1.2, 1.0, 0.9, -0.05]), bands=("red", "green", "blue")).words
    'red × 1.20, green × 1.00, blue × 0.90, all bands - 0.050'
    >>> read_gains(np.array([1.0, 0.0]), bands=("grey",)).words
    'unchanged'
    """
    gains, bias = theta[:-1], float(theta[-1])
    parameters = {f"gain_{band}": float(gain) for band, gain in zip(bands, gains, strict=True)} | {"bias": bias}
    parts = _each("×", bands, gains)
    if (shown := f"{abs(bias):.3f}") != "0.000":
        parts.append(f"{'all bands ' if len(bands) > 1 else ''}{'+' if bias > 0 else '-'} {shown}")
    return Reading("spectral", parameters, ", ".join(parts) or UNCHANGED)


def read_gamma(theta: Numbers) -> Reading:
    """One power for all bands; theta is its logarithm.

    >>> read_gamma(np.log([1.25])).words
    'gamma 1.25, darker'
    """
    (gamma,) = np.exp(theta).tolist()
    return Reading("spectral", {"gamma": gamma}, _gamma(gamma) or UNCHANGED)


def read_gammas(theta: Numbers, *, bands: Sequence[str]) -> Reading:
    """A power for each band; theta is their logarithms.

    >>> read_gammas(np.log([1.25, 1.0]), bands=("red", "green")).words
    'gamma: red 1.25, green 1.00'
    """
    gammas = np.exp(theta)
    parts = _each("", bands, gammas)
    parameters = {f"gamma_{band}": float(gamma) for band, gamma in zip(bands, gammas, strict=True)}
    return Reading("spectral", parameters, f"gamma: {', '.join(parts)}" if parts else UNCHANGED)


def read_gamma_grid(theta: Numbers) -> Reading:
    """A power for each place of a grid; theta is their logarithms, row by row.

    >>> read_gamma_grid(np.log([1.0, 1.0, 1.0, 1.5])).words
    'gamma 1.00 (upper left) to 1.50 (lower right), 1.11 on average'
    """
    gammas = np.exp(theta)
    side = math.isqrt(len(gammas))
    least, largest = int(gammas.argmin()), int(gammas.argmax())
    # The mean of logarithms: what doubles and what halves cancel out.
    mean = math.exp(theta.mean())
    parameters: dict[str, float | str | None] = {
        "mean_gamma": mean,
        "least_gamma": float(gammas[least]),
        "least_gamma_at": _place(least, side),
        "largest_gamma": float(gammas[largest]),
        "largest_gamma_at": _place(largest, side),
    }
    low, high = f"{gammas[least]:.2f}", f"{gammas[largest]:.2f}"
    if low == high:
        return Reading("spectral", parameters, _gamma(mean) or UNCHANGED)
    words = f"gamma {low} ({_place(least, side)}) to {high} ({_place(largest, side)}), {mean:.2f} on average"
    return Reading("spectral", parameters, words)


def _each(sign: str, bands: Sequence[str], factors: Numbers) -> list[str]:
    """A factor for each band, or nothing where all are 1."""
    shown = [f"{factor:.2f}" for factor in factors.tolist()]
    if set(shown) == {"1.00"}:
        return []
    return [f"{band} {sign} {factor}".replace("  ", " ") for band, factor in zip(bands, shown, strict=True)]


def _gamma(gamma: float) -> str:
    shown = f"{gamma:.2f}"
    return "" if shown == "1.00" else f"gamma {shown}, {'darker' if gamma > 1 else 'brighter'}"


def _place(cell: int, side: int) -> str:
    row, column = divmod(cell, side)
    down, across = ("upper", "middle", "lower")[_third(row, side)], ("left", "centre", "right")[_third(column, side)]
    return "centre" if (down, across) == ("middle", "centre") else f"{down} {across}"


def _third(cell: int, side: int) -> int:
    return min(2, 3 * cell // side) if side != 2 else 2 * cell
