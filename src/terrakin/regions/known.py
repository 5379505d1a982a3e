"""The ways to cut an image into regions."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.registry import Registry

__all__ = ["DEFAULT", "REGIONS", "Segmenter"]


class Segmenter(Protocol):
    """A way to cut an image; a frozen value, whose `repr` names all of its settings."""

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cut an image (H, W, B) in [0, 1]: any whole number for each pixel (H, W), the same for pixels that belong together.

        Regions need not be connected, nor large enough: `segment.segment` sees to it.
        """


_HERE = "terrakin.regions"

REGIONS = Registry[Callable[..., Segmenter]](
    "regions",
    {
        "felzenszwalb": f"{_HERE}.felzenszwalb:Felzenszwalb",
        "grid": f"{_HERE}.squares:Squares",
        "kernel-graph-cut": f"{_HERE}.kernel_graph_cut:KernelGraphCut",
        "slic-rag": f"{_HERE}.slic_rag:SlicRag",
    },
)
"""Constructors `(**settings)` by name."""

DEFAULT = "felzenszwalb"
"""Name of the way that is used where none is named."""
