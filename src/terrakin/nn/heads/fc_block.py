"""A fully connected block to the embedding, and a layer of class logits behind it."""

import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.heads.head import Head
from terrakin.nn.output import Output

__all__ = ["FcBlock"]


class FcBlock(Head):
    """Pool, one linear layer, batch norm, ReLU and dropout of 0.25 are the embedding; dropout of 0.5 and logits follow.

    What joins the branches of Sumbul et al.'s K-branch CNN; see the backbone `three-branch`. Weights are Xavier's.

    >>> import torch
    >>> output = FcBlock(384, 19).eval()(torch.rand(2, 384, 1, 1))
    >>> output.embedding.shape, output.logits.shape
    (torch.Size([2, 128]), torch.Size([2, 19]))
    """

    def __init__(self, channels: int, classes: int, *, width: int = 128) -> None:
        """Make the head.

        Args:
            channels: of the feature map.
            classes: number of logits.
            width: of the embedding.

        Raises:
            RecipeError: if the width is less than 1.
        """
        if width < 1:
            raise RecipeError(f"an embedding is 1 or more wide, got width {width}; try 128")
        super().__init__((width,))
        self.linear = nn.Linear(channels, width)
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(0.25)
        self.before_logits = nn.Dropout(0.5)
        self.logits = nn.Linear(width, classes)
        for layer in (self.linear, self.logits):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, maps: Tensor) -> Output:
        """Embedding (N, width) and logits (N, classes) of feature maps (N, channels, h, w)."""
        embedding = self.dropout(F.relu(self.norm(self.linear(maps.mean(dim=(2, 3))))))
        return Output(embedding, self.logits(self.before_logits(embedding)))
