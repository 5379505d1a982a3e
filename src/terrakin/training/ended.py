"""What a trained network ends with before it becomes a bundle."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.nn.output import Output
from terrakin.training.network import Network, with_conversions
from terrakin.training.whitening import Whitening

__all__ = ["Ended"]


class Ended(nn.Module):
    """A network whose embedding, at unit length, gets the pooled feature map beside it and a whitening after it.

    The head's embedding is what the losses shaped; the pooled map before it keeps more of what the network knew of classes that
    it never saw. A whitening weighs the two.
    """

    def __init__(self, network: Network, *, pooled: bool = False, whitening: Whitening | None = None) -> None:
        """Wrap a network.

        Args:
            network: shared, not copied.
            pooled: put the mean over the feature map, at unit length, beside the embedding.
            whitening: of both together, to all or some of their dimensions.
        """
        super().__init__()
        self.network = network
        self.pooled = pooled
        self.linear = None if whitening is None else _linear(whitening)

    def forward(self, pixels: Tensor) -> Output:
        """The embedding (N, D) so ended, logits and what a front-end tells as they are."""
        maps, converted = self.network.maps(pixels)
        output: Output = self.network.head(maps)
        rows = F.normalize(output.embedding, dim=1)
        if self.pooled:
            rows = torch.cat([rows, F.normalize(maps.mean(dim=(2, 3)), dim=1)], dim=1)
        ended = Output(rows if self.linear is None else self.linear(rows), output.logits)
        return with_conversions(ended, converted)


def _linear(whitening: Whitening) -> nn.Linear:
    """The whitening as one layer, multiplied in advance."""
    matrix: NDArray[np.float64] = whitening.matrix.astype(np.float64)
    linear = nn.Linear(*matrix.shape)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(matrix.T.astype(np.float32)))
        linear.bias.copy_(torch.from_numpy((-whitening.mean.astype(np.float64) @ matrix).astype(np.float32)))
    return linear
