"""Which channels of a feature map occur together, as an embedding."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.heads.attention import ChannelGate, SpatialGate
from terrakin.nn.heads.classifier import Classifier
from terrakin.nn.heads.head import Head
from terrakin.nn.heads.sketch import TensorSketch
from terrakin.nn.output import Output

__all__ = ["CompactBilinear"]

_LEAST = 1e-10
# Added below the root: at 0 it would have no gradient.


class CompactBilinear(Head):
    """Compact bilinear pooling of a map that attention has weighed, then the layers of `fc`.

    "CBP" of Wang, Ji & Zhang, JSTARS 2021: a channel gate and a spatial gate, the outer products of all places' features summed
    in a sketch, signed square root, unit length; see `TensorSketch`. The width of the sketch is not stated; 4096.

    >>> output = CompactBilinear(8, 5, width=32, hidden=16)(torch.rand(3, 8, 2, 2))
    >>> output.embedding.shape, output.logits.shape
    (torch.Size([3, 16]), torch.Size([3, 5]))
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        width: int = 4096,
        hidden: int = 4096,
        feature: Literal["hidden", "logits", "pooled"] = "hidden",
    ) -> None:
        """Make the head.

        Args:
            channels: of the feature map.
            classes: number of logits.
            width: dimensions of the sketch.
            hidden: units of the layer behind it; 0 for none.
            feature: what the embedding is; `pooled` is the sketch.

        Raises:
            RecipeError: if a value does not exist, or does not go with the others.
        """
        if width < 1:
            raise RecipeError(f"the width of a sketch is 1 or more, got {width}")
        layers = Classifier(width, classes, hidden=hidden, feature=feature)
        super().__init__(layers.parts)
        self.gates = nn.Sequential(ChannelGate(channels), SpatialGate())
        self.sketch = TensorSketch(channels, width)
        self.layers = layers

    def forward(self, maps: Tensor) -> Output:
        """Embedding (N, size) and logits (N, classes) of feature maps (N, channels, h, w)."""
        pooled = self.sketch(self.gates(maps))
        rooted = F.normalize(torch.sign(pooled) * torch.sqrt(pooled.abs() + _LEAST), dim=1)
        # A map of one place, which is its own mean.
        output: Output = self.layers(rooted[:, :, None, None])
        return output
