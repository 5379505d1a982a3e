"""Where the shipped bundles lie."""

from pathlib import Path

__all__ = ["IMAGENET_MOBILENETV2"]

IMAGENET_MOBILENETV2 = Path(__file__).parent / "imagenet-mobilenetv2"
"""MobileNetV2 trained on everyday photographs; see its card."""
