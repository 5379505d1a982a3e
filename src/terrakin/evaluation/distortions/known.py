"""The distortions there are."""

from terrakin.evaluation.distortions.distortion import Distortion
from terrakin.registry import Registry

__all__ = ["DISTORTIONS"]

_HERE = "terrakin.evaluation.distortions"

DISTORTIONS = Registry[Distortion](
    "distortions",
    {
        "blur": f"{_HERE}.detail:BLUR",
        "brightness": f"{_HERE}.light:BRIGHTNESS",
        "colour-cast": f"{_HERE}.light:COLOUR_CAST",
        "contrast": f"{_HERE}.light:CONTRAST",
        "haze": f"{_HERE}.light:HAZE",
        "noise": f"{_HERE}.detail:NOISE",
        "rotation": f"{_HERE}.geometry:ROTATION",
        "scale": f"{_HERE}.geometry:SCALE",
        "shear": f"{_HERE}.geometry:SHEAR",
    },
)
"""Distortions by name."""
