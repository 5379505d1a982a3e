"""A small network of convolutions to one map a class."""

from typing import Literal

from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.heads.head import Head
from terrakin.nn.output import Output

__all__ = ["MlpConv"]


class MlpConv(Head):
    """LDCNN: a 3 x 3 and two 1 x 1 convolutions to one map a class, each pooled to the number that is its logit.

    Zhou, Newsam, Li & Shao, "Learning low dimensional convolutional neural networks for high-resolution remote sensing image
    retrieval", Remote Sensing 2017, with the mlpconv of Lin, Chen & Yan, "Network in network", ICLR 2014. The embedding is the
    logits. A ReLU stands behind the first and the second convolution. Behind the third it could leave an image with zeros
    alone, which no distance is defined for.

    >>> import torch
    >>> output = MlpConv(8, 5, hidden=6)(torch.rand(3, 8, 2, 2))
    >>> output.embedding.shape, output.logits is output.embedding
    (torch.Size([3, 5]), True)
    """

    def __init__(self, channels: int, classes: int, *, hidden: int = 512, pool: Literal["average", "max"] = "average") -> None:
        """Make the head.

        Args:
            channels: of the feature map.
            classes: number of maps that come out.
            hidden: maps between the convolutions.
            pool: `average` of each map, or its `max`.

        Raises:
            RecipeError: if there is no such pooling, or nothing between the convolutions.
        """
        if hidden < 1:
            raise RecipeError(f"hidden is 1 or more maps, got {hidden}")
        if pool not in ("average", "max"):
            raise RecipeError(f"pool is average or max, got {pool!r}")
        super().__init__((classes,))
        self.pool = pool
        self.layers = nn.Sequential(
            nn.Conv2d(channels, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, 1),
            nn.ReLU(),
            nn.Conv2d(hidden, classes, 1),
        )

    def forward(self, maps: Tensor) -> Output:
        """Embedding (N, classes), which is the logits, of feature maps (N, channels, h, w)."""
        scores: Tensor = self.layers(maps)
        pooled = scores.mean(dim=(2, 3)) if self.pool == "average" else scores.amax(dim=(2, 3))
        return Output(pooled, pooled)
