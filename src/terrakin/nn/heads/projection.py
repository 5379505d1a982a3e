"""A linear projection of the pooled feature map to one or several parts."""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.heads.head import Head
from terrakin.nn.heads.pooling import pooling
from terrakin.nn.output import Output

__all__ = ["Projection"]


class Projection(Head):
    """Pool, project by one linear layer, bring each part to unit length; the embedding is the parts side by side.

    Parts of unit length weigh alike in a cosine of the whole embedding, whatever their widths, so that each can learn from a
    loss or a teacher of its own. It has no logits.

    >>> output = Projection(8, 5, parts=(4, 2))(torch.rand(3, 8, 2, 2))
    >>> output.embedding.shape, [round(part.norm().item(), 4) for part in output.embedding[0].split((4, 2))]
    (torch.Size([3, 6]), [1.0, 1.0])
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        parts: Sequence[int] = (256,),
        pool: Literal["gap", "gem"] = "gap",
        bias: bool = True,
        normalise: bool = True,
    ) -> None:
        """Make the head.

        Args:
            channels: of the feature map.
            classes: of the training data; not used.
            parts: widths of the parts.
            pool: `gap` or `gem`.
            bias: whether the linear layer adds one.
            normalise: whether each part is brought to unit length.

        Raises:
            RecipeError: if there are no parts, one is narrower than 1, or there is no such pooling.
        """
        if not parts or min(parts) < 1:
            raise RecipeError(f"a projection has one part or more, each 1 or more wide, got {list(parts)}; try [256]")
        super().__init__(parts)
        self.normalise = normalise
        self.pool = pooling(pool)
        self.linear = nn.Linear(channels, self.size, bias=bias)

    def forward(self, maps: Tensor) -> Output:
        """Embedding (N, sum of the parts) of feature maps (N, channels, h, w)."""
        embedding: Tensor = self.linear(self.pool(maps))
        if self.normalise:
            embedding = torch.cat([F.normalize(part, dim=1) for part in torch.split(embedding, list(self.parts), dim=1)], dim=1)
        return Output(embedding, None)
