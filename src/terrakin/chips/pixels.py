"""Pixels as a model reads them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pixels", "Upsampling"]

Upsampling = Literal["bicubic", "nearest"]
"""How a band that is coarser than the model's square is enlarged; `nearest` repeats its pixels: nothing is lost or added."""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """One chip's pixels, scaled and resized, with what of them was measured."""

    values: NDArray[np.float32]
    """(C, H, W) float32 in [0, 1]: the archive's scaling rule applied, the passport's normalisation not yet. Where the mask is
    False each band holds its mean over the valid pixels."""
    mask: NDArray[np.bool_]
    """(H, W), True where something was measured."""

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.mask.shape != self.values.shape[1:]:
            raise ValueError(f"wanted values (C, H, W) and a mask (H, W), got {self.values.shape} and {self.mask.shape}")
