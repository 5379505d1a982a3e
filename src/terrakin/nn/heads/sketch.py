"""The outer product of a vector with itself, in few dimensions."""

import torch
from torch import Tensor, nn

__all__ = ["TensorSketch"]


class TensorSketch(nn.Module):
    """Random projection of the outer products x xT of the vectors of a map, summed over its places.

    Pham & Pagh, "Fast and scalable polynomial kernels via explicit feature maps", KDD 2013; Gao et al., "Compact bilinear
    pooling", CVPR 2016. Channel i has two places h1, h2 of `width` and two signs s1, s2, drawn once; x_i x_j adds to place
    h1(i) + h2(j), modulo the width, with the sign s1(i) s2(j). The inner product of two sketches is that of the outer products
    in the mean over draws: <x, y>².

    Gao et al. convolve two count sketches of each x by Fourier transforms. Here the outer products are summed first and
    sketched once, which is the same number, costs less for maps of few places, and needs no transform that ONNX lacks.

    >>> sketch = TensorSketch(2, 4)
    >>> sketch(torch.tensor([[[[3.0]], [[0.0]]]])).abs().sum()
    tensor(9.)
    """

    places: Tensor
    """(channels, channels) int64: where each product adds."""
    signs: Tensor
    """(2, channels) float, 1 or -1."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.width = width
        first, second = torch.randint(width, (2, channels))
        self.register_buffer("places", (first[:, None] + second) % width)
        self.register_buffer("signs", 2.0 * torch.randint(2, (2, channels)) - 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Sketch (N, width) of feature maps (N, channels, h, w)."""
        # Sums of squares lose too much in half precision; the signs have the weights' own.
        vectors = maps.to(self.signs.dtype).flatten(2)
        first, second = self.signs[:, :, None]
        with torch.autocast(maps.device.type, enabled=False):
            products = ((first * vectors) @ (second * vectors).transpose(1, 2)).flatten(1)
        none = products.new_zeros(products.shape[0], self.width)
        summed: Tensor = none.scatter_add(1, self.places.flatten().expand_as(products), products)
        return summed
