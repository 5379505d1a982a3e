"""An affine map in words: turned, enlarged, leaning, mirrored, moved."""

import math

import numpy as np

from terrakin.search.conversions.reading import UNCHANGED, Numbers, Reading

__all__ = ["read_affine"]

_FLAT = 1e-6
# Scales below leave of a picture a line or a point, which has no rotation and no magnification.


def read_affine(theta: Numbers, *, size: int) -> Reading:
    """What a 2 x 3 matrix does, as it is seen in the converted picture.

    The matrix says for each place of the result where to read, so that what is seen is its inverse: scales below 1 enlarge. Its
    square part is decomposed as R(rotation) · [[s_x, m], [0, s_y]]. In the picture, in this order: it is turned about its
    middle, then mirrored and magnified by 1 / s_x across and 1 / s_y down; lines that were upright then lean by atan(m / s_x);
    and its middle lies where the shift says. Of two ways to tell a mirror image, that of the smaller rotation is told.

    Args:
        theta: (6,) the matrix, row by row.
        size: side of the picture in pixels.

    >>> read_affine(np.array([0.0, -1.0, 0.0, 1.0, 0.0, 0.0]), size=100).words
    'turned 90.0° counter-clockwise'
    >>> read_affine(np.array([-0.5, 0.0, 0.0, 0.0, 0.5, 0.1]), size=100).words
    'mirrored left to right, enlarged to 2.00×, middle moved 10.0 % (10.0 px) up'
    """
    (a, b, right), (c, d, down) = theta.reshape(2, 3).tolist()
    across = math.hypot(a, c)
    if across < _FLAT or abs(a * d - b * c) / across < _FLAT:
        return Reading("spatial", {"determinant": a * d - b * c}, "collapsed: all of the picture shows one line of the image")
    rotation = math.degrees(math.atan2(c, a))
    shear, along = (a * b + c * d) / across, (a * d - b * c) / across
    mirrored = None
    if along < 0:
        mirrored, along = "top to bottom", -along
        if abs(rotation) > 90:
            mirrored, rotation = "left to right", rotation - math.copysign(180, rotation)
    moved = -np.linalg.solve(np.array([[a, b], [c, d]]), np.array([right, down])) / 2
    parameters: dict[str, float | str | None] = {
        "rotation_degrees": rotation,
        "magnification_across": 1 / across,
        "magnification_down": 1 / along,
        "shear_degrees": math.degrees(math.atan2(shear, across)),
        "mirrored": mirrored,
        "shift_right_percent": 100 * float(moved[0]),
        "shift_down_percent": 100 * float(moved[1]),
        "shift_right_px": size * float(moved[0]),
        "shift_down_px": size * float(moved[1]),
    }
    return Reading("spatial", parameters, _sentence(parameters))


def _sentence(said: dict[str, float | str | None]) -> str:
    number = {name: value for name, value in said.items() if isinstance(value, float)}
    parts = [
        _angle(number["rotation_degrees"], "turned {}° counter-clockwise", "turned {}° clockwise"),
        "" if said["mirrored"] is None else f"mirrored {said['mirrored']}",
        _magnified(number["magnification_across"], number["magnification_down"]),
        _angle(number["shear_degrees"], "upright lines lean {}° to the right", "upright lines lean {}° to the left"),
        _moved(number),
    ]
    return ", ".join(filter(None, parts)) or UNCHANGED


def _angle(degrees: float, positive: str, negative: str) -> str:
    shown = f"{abs(degrees):.1f}"
    return "" if shown == "0.0" else (positive if degrees > 0 else negative).format(shown)


def _magnified(across: float, down: float) -> str:
    shown = [f"{across:.2f}", f"{down:.2f}"]
    if shown == ["1.00", "1.00"]:
        return ""
    if shown[0] == shown[1]:
        return f"{'enlarged' if across > 1 else 'reduced'} to {shown[0]}×"
    return f"{shown[0]}× as wide, {shown[1]}× as high"


def _moved(number: dict[str, float]) -> str:
    ways = []
    for axis, positive, negative in (("right", "right", "left"), ("down", "down", "up")):
        percent, pixels = number[f"shift_{axis}_percent"], number[f"shift_{axis}_px"]
        if f"{abs(percent):.1f}" != "0.0":
            ways.append(f"{abs(percent):.1f} % ({abs(pixels):.1f} px) {positive if percent > 0 else negative}")
    return f"middle moved {' and '.join(ways)}" if ways else ""
