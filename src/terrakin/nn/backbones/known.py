"""The backbones there are."""

from collections.abc import Callable

from terrakin.nn.backbones.backbone import Backbone
from terrakin.registry import Registry

__all__ = ["BACKBONES"]

_HERE = "terrakin.nn.backbones"

BACKBONES = Registry[Callable[..., Backbone]](
    "backbones",
    {
        "mobilenetv2": f"{_HERE}.mobilenetv2:MobileNetV2",
        "resnet18": f"{_HERE}.resnet:ResNet18",
        "resnet34": f"{_HERE}.resnet:ResNet34",
        "resnet34-se": f"{_HERE}.squeeze:ResNet34SE",
        "resnet34-sk": f"{_HERE}.selective:ResNet34SK",
        "resnet50": f"{_HERE}.resnet:ResNet50",
        "single-branch": f"{_HERE}.branches:SingleBranch",
        "three-branch": f"{_HERE}.branches:ThreeBranch",
    },
)
"""Constructors `(bands: int = 3, **options)` by name."""
