"""Bits."""

import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.heads.head import Head
from terrakin.nn.output import Output

__all__ = ["Hash"]


class Hash(Head):
    """DHN: tanh of one linear layer of the pooled map, in (-1, 1); what is above 0 is a bit. It has no logits.

    Zhu, Long, Wang & Cao, "Deep hashing network for efficient similarity retrieval", AAAI 2016. With `space = "hamming"` in
    `[export]` the bundle stores the bits and compares by how many differ.

    >>> Hash(8, 5, bits=16)(torch.rand(3, 8, 2, 2)).embedding.shape
    torch.Size([3, 16])
    """

    def __init__(self, channels: int, classes: int, *, bits: int = 64) -> None:
        """Make the head.

        Args:
            channels: of the feature map.
            classes: of the training data; not used.
            bits: of a code; a multiple of 8.

        Raises:
            RecipeError: if bits do not fill bytes.
        """
        if bits < 8 or bits % 8:
            raise RecipeError(f"bits are a multiple of 8, got {bits}")
        super().__init__((bits,))
        self.linear = nn.Linear(channels, bits)

    def forward(self, maps: Tensor) -> Output:
        """Embedding (N, bits) of feature maps (N, channels, h, w)."""
        return Output(torch.tanh(self.linear(maps.mean(dim=(2, 3)))), None)
