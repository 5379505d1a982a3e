"""The ways to cut an image into regions."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError
from terrakin.registry import Registry, nearest

__all__ = ["DEFAULT", "REGIONS", "Segmenter", "segmenter", "settings_of"]


class Segmenter(Protocol):
    """A way to cut an image: a frozen dataclass whose fields are its settings, all of them numbers."""

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


def segmenter(name: str = DEFAULT, settings: Mapping[str, Any] | None = None) -> Segmenter:
    """A way to cut images by name.

    Args:
        name: in `REGIONS`.
        settings: its fields by name; the others keep their defaults.

    Raises:
        UnknownNameError: if there is no such way.
        HashingError: if it has no such setting.
        ValueError: if a setting is out of range.

    >>> segmenter("grid", {"side": 2})
    Squares(side=2)
    """
    made: Any = REGIONS[name]
    known = [field.name for field in dataclasses.fields(made)]
    for setting in settings or {}:
        if setting not in known:
            raise HashingError(f"{name} has no setting {setting!r};{nearest(setting, known)} it has {', '.join(known)}")
    way: Segmenter = made(**(settings or {}))
    return way


def settings_of(way: Segmenter) -> tuple[str, dict[str, Any]]:
    """Name and settings, of which `segmenter` makes the same way again.

    >>> settings_of(segmenter("grid"))
    ('grid', {'side': 4})

    Raises:
        HashingError: if the way is not one of the registry.
    """
    name = next((name for name in REGIONS if REGIONS[name] is type(way)), None)
    if name is None:
        raise HashingError(f"{type(way).__name__} is not in the registry of regions, so that nobody could make it again")
    return name, dataclasses.asdict(way)  # type: ignore[call-overload]  # the registry holds dataclasses
