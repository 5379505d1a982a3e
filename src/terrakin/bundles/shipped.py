"""Where the shipped bundles lie."""

from pathlib import Path

__all__ = ["AID_MOBILENETV2", "IMAGENET_MOBILENETV2"]

AID_MOBILENETV2 = Path(__file__).parent / "aid-mobilenetv2"
"""MobileNetV2 trained on views from above, beside what it knew before; see its card."""

IMAGENET_MOBILENETV2 = Path(__file__).parent / "imagenet-mobilenetv2"
"""MobileNetV2 trained on everyday photographs; see its card."""
