"""Classification by the cosine to one learned proxy a class."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output

__all__ = ["NormalisedSoftmax"]


class NormalisedSoftmax(Loss):
    """Cross-entropy of scaled cosines between embeddings and one proxy a class.

    Zhai & Wu, "Classification is a strong baseline for deep metric learning", BMVC 2019 (arXiv:1811.12649); the margin is that
    of Wang et al., "CosFace", CVPR 2018, equation 4.
    """

    def __init__(
        self, size: int, classes: int, *, scale: float = 16.0, margin: float = 0.0, columns: slice | None = None
    ) -> None:
        """Make the loss; its proxies are parameters that train with the network.

        Args:
            size: width of what it sees.
            classes: number of proxies.
            scale: what cosines are multiplied by, the inverse of a temperature.
            margin: what is taken off the cosine to the image's own class.
            columns: those of the embedding that it sees; all by default.

        Raises:
            RecipeError: if the scale is not above 0 or the margin is negative.
        """
        super().__init__(columns)
        if not scale > 0 or not margin >= 0:
            raise RecipeError(f"a normalised softmax has scale > 0 and margin >= 0, got scale {scale} and margin {margin}")
        self.scale = scale
        self.margin = margin
        self.proxies = nn.Parameter(torch.empty(classes, size).uniform_(-(size**-0.5), size**-0.5))

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """Mean loss over embeddings (N, D) and labels (N,) int64; targets are not read."""
        rows = self.seen(output).to(self.proxies.dtype)
        cosines = F.normalize(rows, dim=1) @ F.normalize(self.proxies, dim=1).T
        if self.margin:
            cosines = cosines - self.margin * F.one_hot(labels, len(self.proxies))
        return F.cross_entropy(self.scale * cosines, labels)
