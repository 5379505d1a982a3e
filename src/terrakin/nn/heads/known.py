"""The heads there are."""

from collections.abc import Callable

from terrakin.nn.heads.head import Head
from terrakin.registry import Registry

__all__ = ["HEADS"]

_HERE = "terrakin.nn.heads"

HEADS = Registry[Callable[..., Head]](
    "heads",
    {
        "cbp": f"{_HERE}.bilinear:CompactBilinear",
        "fc": f"{_HERE}.classifier:Classifier",
        "fc-block": f"{_HERE}.fc_block:FcBlock",
        "gap": f"{_HERE}.pooled:Gap",
        "gem": f"{_HERE}.pooled:Gem",
        "hash": f"{_HERE}.hash:Hash",
        "ldcnn": f"{_HERE}.mlpconv:MlpConv",
        "projection": f"{_HERE}.projection:Projection",
    },
)
"""Constructors `(channels: int, classes: int, **options)` by name."""
