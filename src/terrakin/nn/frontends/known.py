"""The front-ends there are."""

from collections.abc import Callable

from terrakin.nn.frontends.frontend import FrontEnd
from terrakin.registry import Registry

__all__ = ["FRONTENDS"]

_HERE = "terrakin.nn.frontends"

FRONTENDS = Registry[Callable[..., FrontEnd]](
    "frontends",
    {
        "jsst": f"{_HERE}.jsst:JSST",
        "spatial": f"{_HERE}.single:Spatial",
        "spectral": f"{_HERE}.single:Spectral",
    },
)
"""Constructors `(bands: int = 3, *, size: int = 224, **options)` by name."""
