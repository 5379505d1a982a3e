"""Graph-based segmentation of Felzenszwalb and Huttenlocher."""

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.quiet import quiet
from terrakin.registry import require

__all__ = ["Felzenszwalb"]

_PIXELS = 256 * 256
# Pixels of an image that `min_size` is said for.

_UNASKED = 3
# Bands of an image that scikit-image takes without a warning. Those are cut in several threads at once.


@dataclass(frozen=True, slots=True)
class Felzenszwalb:
    """Merges neighbours whose difference is not above what each holds in itself (IJCV 59(2), 2004). Deterministic.

    The defaults give a median of 22 regions on images of 256 x 256 pixels of the ground at 0.3 m.
    """

    scale: float = 300.0
    """Preference for large regions."""
    sigma: float = 0.8
    """Standard deviation, in pixels, of the smoothing before."""
    min_size: int = 400
    """Pixels of the smallest region in an image of 256 x 256; it grows and shrinks with the image's area."""

    def __post_init__(self) -> None:
        if not (self.scale > 0 and self.sigma >= 0 and self.min_size >= 1):
            raise ValueError(f"a scale is above 0, a sigma at least 0 and a smallest region 1 pixel, got {self}")

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.int64]:
        """See `Segmenter`."""
        segmentation = require("skimage.segmentation", extra="regions")
        height, width = image.shape[:2]
        smallest = max(1, round(self.min_size * height * width / _PIXELS))
        # More than three bands it asks about: they are meant.
        asks = image.shape[2] > _UNASKED
        with quiet(RuntimeWarning, "Got image with third dimension") if asks else nullcontext():
            labels: NDArray[np.int64] = segmentation.felzenszwalb(
                image, scale=self.scale, sigma=self.sigma, min_size=smallest, channel_axis=-1
            )
        return labels
