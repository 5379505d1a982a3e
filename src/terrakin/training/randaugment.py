"""RandAugment: a few operations drawn for each image, all of one strength."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["OPERATIONS", "STRONGEST", "randaugment"]

STRONGEST = 30.0
"""The largest magnitude; magnitude 0 changes nothing."""

Operation = Callable[[Tensor, Tensor], Tensor]
"""Images (n, C, H, W) float32 in [0, 255] and strengths (n, C) in [-1, 1], the same of every image's bands but for `gain`."""


def randaugment(values: Tensor, operations: int, magnitude: float, rng: np.random.Generator) -> Tensor:
    """Apply operations to images, one after another.

    Each image gets its own, drawn from `OPERATIONS` with equal chances, repeats allowed; where an operation has two directions,
    one is drawn. From Cubuk et al., "RandAugment", CVPR Workshops 2020. These are the operations that mean the same for any
    number of bands: colour balance became saturation about the mean of the bands, and there is a gain of each band besides.
    Solarize, which turns bright into dark, and auto-contrast and equalize, which have no strength, are left out.

    Args:
        values: (N, C, H, W) float32 in [0, 255]; not changed.
        operations: how many each image gets.
        magnitude: of all, 0..30; what 30 means stands at each operation.
        rng: drawn from.

    Returns:
        (N, C, H, W) float32 in [0, 255].
    """
    count, bands = values.shape[:2]
    chosen = rng.integers(len(OPERATIONS), size=(count, operations))
    # The sign is a direction; every band draws one, which `gain` alone needs.
    signs = rng.choice(np.array([-1.0, 1.0]), size=(count, operations, bands))
    values = values.clone(memory_format=torch.contiguous_format)
    for turn in range(operations):
        for number, (name, operation) in enumerate(OPERATIONS.items()):
            rows = np.flatnonzero(chosen[:, turn] == number)
            if not len(rows):
                continue
            drawn = signs[rows, turn] if name == "gain" else signs[rows, turn, :1].repeat(bands, axis=1)
            strength = torch.from_numpy(drawn * (magnitude / STRONGEST)).float()
            values[rows] = operation(values[rows], strength).clamp_(0, 255)
    return values


def _rotate(values: Tensor, strength: Tensor) -> Tensor:
    """At 30, by 30 degrees."""
    angle = strength[:, 0] * math.radians(30)
    maps = torch.zeros(len(values), 2, 3)
    maps[:, 0, 0] = maps[:, 1, 1] = angle.cos()
    maps[:, 1, 0] = angle.sin()
    maps[:, 0, 1] = -angle.sin()
    return _mapped(values, maps)


def _shear_x(values: Tensor, strength: Tensor) -> Tensor:
    """At 30, by 0.3 of the distance from the middle row."""
    return _moved(values, 0, 1, 0.3 * strength[:, 0])


def _shear_y(values: Tensor, strength: Tensor) -> Tensor:
    """At 30, by 0.3 of the distance from the middle column."""
    return _moved(values, 1, 0, 0.3 * strength[:, 0])


def _translate_x(values: Tensor, strength: Tensor) -> Tensor:
    """At 30, by 0.45 of the width."""
    return _moved(values, 0, 2, 0.9 * strength[:, 0])


def _translate_y(values: Tensor, strength: Tensor) -> Tensor:
    """At 30, by 0.45 of the height."""
    return _moved(values, 1, 2, 0.9 * strength[:, 0])


def _moved(values: Tensor, row: int, column: int, by: Tensor) -> Tensor:
    """The identity map with one of its entries set, (n,)."""
    maps = torch.eye(2, 3).repeat(len(values), 1, 1)
    maps[:, row, column] = by
    return _mapped(values, maps)


def _mapped(values: Tensor, maps: Tensor) -> Tensor:
    """Sample bilinearly through affine maps (n, 2, 3); what lies outside is a reflection, as with all that is drawn here."""
    grid = F.affine_grid(maps, list(values.shape), align_corners=False)
    return F.grid_sample(values, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _brightness(values: Tensor, strength: Tensor) -> Tensor:
    """At 30, 0.1 or 1.9 times as bright; the factors of contrast, saturation and sharpness are the same."""
    return values * _factor(strength)


def _contrast(values: Tensor, strength: Tensor) -> Tensor:
    """Differences from the mean of all places and bands."""
    mean = values.mean(dim=(1, 2, 3), keepdim=True)
    return mean + _factor(strength) * (values - mean)


def _saturation(values: Tensor, strength: Tensor) -> Tensor:
    """Differences from the mean of the bands at a place."""
    mean = values.mean(dim=1, keepdim=True)
    return mean + _factor(strength) * (values - mean)


def _gain(values: Tensor, strength: Tensor) -> Tensor:
    """At 30, each band 0.55 or 1.45 times as bright: hues change with it, so it is half as strong as brightness."""
    return values * _factor(strength / 2)


def _sharpness(values: Tensor, strength: Tensor) -> Tensor:
    """Differences from the image smoothed by the kernel [[1, 1, 1], [1, 5, 1], [1, 1, 1]] / 13, which is Pillow's."""
    bands = values.shape[1]
    kernel = torch.ones(3, 3)
    kernel[1, 1] = 5
    weight = (kernel / 13).expand(bands, 1, 3, 3)
    smooth = F.conv2d(F.pad(values, (1, 1, 1, 1), mode="replicate"), weight, groups=bands)
    return smooth + _factor(strength) * (values - smooth)


def _posterize(values: Tensor, strength: Tensor) -> Tensor:
    """At 30, 4 of 8 bits are left; the direction says nothing."""
    step = 2 ** torch.round(4 * strength[:, :, None, None].abs())
    # Without a bit to take away, fractions that an operation before left stay.
    return torch.where(step > 1, torch.floor(values / step) * step, values)


def _factor(strength: Tensor) -> Tensor:
    return 1 + 0.9 * strength[:, :, None, None]


def _identity(values: Tensor, strength: Tensor) -> Tensor:
    """Nothing, at any magnitude."""
    del strength
    return values


OPERATIONS: Mapping[str, Operation] = {
    "identity": _identity,
    "rotate": _rotate,
    "shear-x": _shear_x,
    "shear-y": _shear_y,
    "translate-x": _translate_x,
    "translate-y": _translate_y,
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "gain": _gain,
    "sharpness": _sharpness,
    "posterize": _posterize,
}
"""By name, in the order of the draws."""
