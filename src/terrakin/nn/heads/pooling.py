"""A feature map as one vector."""

import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.registry import nearest

__all__ = ["GeneralisedMean", "Mean", "pooling"]


def pooling(name: str) -> nn.Module:
    """The pooling `gap` (mean) or `gem` (generalised mean) from (N, channels, h, w) to (N, channels).

    Raises:
        RecipeError: if there is none of that name.
    """
    known: dict[str, type[nn.Module]] = {"gap": Mean, "gem": GeneralisedMean}
    if name not in known:
        meant = nearest(name, known)
        raise RecipeError(f"no pooling named {name!r}{f';{meant}' if meant else '.'} There are: {', '.join(known)}")
    return known[name]()


class Mean(nn.Module):
    """Global average pooling.

    >>> Mean()(torch.tensor([[[[1.0, 3.0]]]]))
    tensor([[2.]])
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Mean (N, channels) of feature maps (N, channels, h, w)."""
        return maps.mean(dim=(2, 3))


class GeneralisedMean(nn.Module):
    """The power mean of each channel, with one learned power: Radenovic et al., TPAMI 2019, equation 4, starting at 3.

    Power 1 is the mean, and the larger the power the nearer the maximum. Values below 1e-6 count as 1e-6.
    """

    def __init__(self) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(3.0))

    def forward(self, maps: Tensor) -> Tensor:
        """Power mean (N, channels) of feature maps (N, channels, h, w)."""
        # Powers of half-precision maps lose what they gain; the parameter's own type is float32 or wider.
        positive = maps.to(self.power.dtype).clamp(min=1e-6)
        return positive.pow(self.power).mean(dim=(2, 3)).pow(1 / self.power)
