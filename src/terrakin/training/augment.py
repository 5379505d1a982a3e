"""Images as a network trains on them: cut, turned and re-lit at random, on tensors."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from terrakin.errors import RecipeError
from terrakin.training.randaugment import STRONGEST, randaugment

__all__ = ["Augmentation", "augment"]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What is drawn at random for each image. The default draws nothing: images are only resized, as for validation."""

    crop: tuple[float, float] = (1.0, 1.0)
    """Range of the share of the image's area that is cut out, in (0, 1]; uniform. The place is uniform, too."""
    aspect: float = 1.0
    """Largest ratio of the sides of what is cut out, at least 1; its logarithm is uniform."""
    turns: bool = False
    """Whether one of the eight turns and reflections of the square is applied, all equally often."""
    angle_deg: float = 0.0
    """Largest further rotation to either side, in degrees, 0..180; uniform. Corners from outside the image are reflections."""
    gain: float = 0.0
    """Each band is multiplied by a number from 1 - gain to 1 + gain; 0 to below 1, uniform."""
    bias: float = 0.0
    """To each band a number from -bias to bias is added, as a share of the range of values; 0..1, uniform."""
    operations: int = 0
    """RandAugment: how many of its operations each image gets before all else; 0 for none."""
    magnitude: float = 9.0
    """How strong these operations are, from 0, which changes nothing, to 30."""

    def __post_init__(self) -> None:
        low, high = self.crop
        if not 0 < low <= high <= 1:
            raise RecipeError(f"crop is a range of shares of an image's area, above 0 and up to 1, got {low}..{high}")
        if not 1 <= self.aspect < math.inf:
            raise RecipeError(f"aspect is the largest ratio of two sides, at least 1, got {self.aspect}")
        if not 0 <= self.angle_deg <= 180:
            raise RecipeError(f"angle_deg lies in 0..180 degrees, got {self.angle_deg}")
        if not 0 <= self.gain < 1:
            raise RecipeError(f"gain is at least 0 and below 1, got {self.gain}")
        if not 0 <= self.bias <= 1:
            raise RecipeError(f"bias lies in 0..1, got {self.bias}")
        if self.operations < 0:
            raise RecipeError(f"operations of RandAugment are 0 or more, got {self.operations}")
        if not 0 <= self.magnitude <= STRONGEST:
            raise RecipeError(f"the magnitude of RandAugment lies in 0..{STRONGEST:g}, got {self.magnitude}")

    @property
    def moves(self) -> bool:
        """Whether pixels change their places, and not only their values."""
        return self.crop != (1.0, 1.0) or self.aspect > 1 or self.turns or self.angle_deg > 0


def augment(pixels: NDArray[Any], size: int, augmentation: Augmentation, rng: np.random.Generator) -> Tensor:
    """Augment a batch.

    Where nothing moves, images are resized by antialiased bicubic interpolation, as chips are when they are indexed. Otherwise
    each image is sampled once, bilinearly, through one affine map. Bilinear sampling takes no account of what it skips, so an
    image that is to shrink is first averaged over 2 x 2, 4 x 4, ... pixels, to the power of two nearest to its own shrinkage
    (a mipmap): the sampling then shrinks by at most the square root of 2.

    Args:
        pixels: (N, H, W, C) uint8 or uint16, the largest number standing for 1.
        size: side of the result.
        augmentation: what is drawn.
        rng: drawn from in the same way whatever the options, so that one of them does not change the draws of the others.

    Returns:
        (N, C, size, size) float32 in [0, 1], channels last in memory.
    """
    count, _, _, bands = pixels.shape
    maps, areas = _affine_maps(count, augmentation, rng)
    gain = 1 + augmentation.gain * rng.uniform(-1, 1, (count, bands))
    bias = augmentation.bias * rng.uniform(-1, 1, (count, bands))
    # 65535 is 257 x 255: from here on, 255 stands for 1.
    values = torch.from_numpy(np.array(pixels) if pixels.dtype == np.uint8 else pixels / np.float32(257)).permute(0, 3, 1, 2)
    if augmentation.operations:
        # The last to draw: with it and without it, all before draws the same.
        values = randaugment(values.float(), augmentation.operations, augmentation.magnitude, rng)
    values = _sampled(values, maps, areas, size) if augmentation.moves else _resized(values, size)
    if augmentation.gain or augmentation.bias:
        values = values.mul_(_by_band(gain)).add_(_by_band(bias))
    return values.clamp_(0, 1).contiguous(memory_format=torch.channels_last)


def _affine_maps(
    count: int, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Maps (N, 2, 3) from places in the result to places in the image, both in [-1, 1], and shares of the area (N,)."""
    area = rng.uniform(*augmentation.crop, count)
    ratio = np.exp(rng.uniform(-1, 1, count) * math.log(augmentation.aspect))
    place = rng.uniform(-1, 1, (count, 2))
    turn = rng.integers(8, size=count)
    angle = np.deg2rad(augmentation.angle_deg) * rng.uniform(-1, 1, count)
    # Sides beyond the image are cut back to it, so a strip that is too long becomes smaller and not less of a strip.
    across, down = np.minimum(np.sqrt(area * ratio), 1), np.minimum(np.sqrt(area / ratio), 1)
    if augmentation.turns:
        angle = angle + (turn % 4) * (math.pi / 2)
        mirror = np.where(turn < 4, 1.0, -1.0)
    else:
        mirror = np.ones(count)
    cos, sin = np.cos(angle), np.sin(angle)
    maps = np.empty((count, 2, 3))
    maps[:, 0, 0], maps[:, 0, 1], maps[:, 0, 2] = across * cos * mirror, -across * sin, place[:, 0] * (1 - across)
    maps[:, 1, 0], maps[:, 1, 1], maps[:, 1, 2] = down * sin * mirror, down * cos, place[:, 1] * (1 - down)
    return maps, across * down


def _sampled(values: Tensor, maps: NDArray[np.float64], areas: NDArray[np.float64], size: int) -> Tensor:
    """Sample values (N, C, H, W) in 0..255 through the maps to (N, C, size, size) float32 in [0, 1]."""
    count, bands, height, width = values.shape
    shrinkage = np.sqrt(areas * height * width) / size
    deepest = int(math.log2(min(height, width)))
    levels = np.clip(np.rint(np.log2(shrinkage)), 0, deepest).astype(np.int64)
    result = torch.empty((count, bands, size, size))
    for level in np.unique(levels).tolist():
        rows = np.flatnonzero(levels == level)
        chosen = values[torch.from_numpy(rows)].to(torch.float32, memory_format=torch.contiguous_format).div_(255)
        if level:
            chosen = F.interpolate(chosen, (height >> level, width >> level), mode="area")
        grid = F.affine_grid(torch.from_numpy(maps[rows]).float(), [len(rows), bands, size, size], align_corners=False)
        result[rows] = F.grid_sample(chosen, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return result


def _resized(values: Tensor, size: int) -> Tensor:
    """Resize values (N, C, H, W) in 0..255 to (N, C, size, size) float32 about [0, 1]: bicubic overshoots at edges."""
    scaled = values.to(torch.float32).div_(255)
    if values.shape[2:] == (size, size):
        return scaled
    return F.interpolate(scaled, (size, size), mode="bicubic", antialias=True, align_corners=False)


def _by_band(factors: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(factors).float()[:, :, None, None]
