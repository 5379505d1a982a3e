"""What a trained network ends with before it becomes a bundle: a whitening in the graph, a reducer beside it."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.nn.output import Output
from terrakin.training.network import Network
from terrakin.training.whitening import Whitening

__all__ = ["Ended"]


class Ended(nn.Module):
    """A network whose embedding is brought to unit length and whitened, as the last layer of the graph."""

    def __init__(self, network: Network, whitening: Whitening) -> None:
        super().__init__()
        self.network = network
        # Multiplied in advance: one layer instead of a subtraction and a product.
        matrix, mean = whitening.matrix.astype(np.float64), whitening.mean.astype(np.float64)
        self.linear = nn.Linear(len(mean), matrix.shape[1])
        with torch.no_grad():
            self.linear.weight.copy_(_tensor(matrix.T))
            self.linear.bias.copy_(_tensor(-mean @ matrix))

    def forward(self, pixels: Tensor) -> Output:
        """The embedding (N, D) whitened, logits as they are."""
        output: Output = self.network(pixels)
        return Output(self.linear(F.normalize(output.embedding, dim=1)), output.logits)


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
