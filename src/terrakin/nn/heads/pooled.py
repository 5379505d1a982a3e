"""Heads that pool and do nothing else."""

from torch import Tensor

from terrakin.nn.heads.head import Head
from terrakin.nn.heads.pooling import GeneralisedMean, Mean
from terrakin.nn.output import Output

__all__ = ["Gap", "Gem"]


class Gap(Head):
    """Global average pooling: the embedding is the mean of the feature map. It has nothing to learn and no logits."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__((channels,))
        self.pool = Mean()

    def forward(self, maps: Tensor) -> Output:
        """Embedding (N, channels) of feature maps (N, channels, h, w)."""
        return Output(self.pool(maps), None)


class Gem(Head):
    """Generalised-mean pooling with a learned power; see `GeneralisedMean`. It has no logits."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__((channels,))
        self.pool = GeneralisedMean()

    def forward(self, maps: Tensor) -> Output:
        """Embedding (N, channels) of feature maps (N, channels, h, w)."""
        return Output(self.pool(maps), None)
