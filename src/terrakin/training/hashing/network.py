"""The network of a deep hash function: made, trained and handed on as arrays."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.errors import HashingError
from terrakin.hashing.hasher import Origin
from terrakin.hashing.network_form import SLOPE, NetworkForm

__all__ = ["trained"]

_BETAS = (0.5, 0.9)
# Of Adam, in the code of MHCLN.


def trained(
    origin: Origin,
    vectors: NDArray[np.float32],
    bits: int,
    loss: Callable[[nn.Module, Tensor, int], Tensor],
    *,
    width: int,
    depth: int,
    steps: int,
    rate: float,
) -> NetworkForm:
    """Train a network of `depth` halving layers and one of `bits` outputs by Adam.

    Vectors are centred and divided by one number, so that their mean variance is 1: embeddings of unit length are much smaller
    than the pooled features that the published rates are for. Both are then folded into the first layer.

    Args:
        origin: of the hash function that comes out.
        vectors: (N, D).
        bits: outputs.
        loss: what a step makes small, of the network, the scaled vectors (N, D) and the number of the step.
        width: units of the first layer.
        depth: layers before the last.
        steps: how many.
        rate: learning rate.

    Raises:
        HashingError: if the loss becomes NaN or infinite.
    """
    exact = vectors.astype(np.float64)
    mean = exact.mean(axis=0)
    scale = 1 / np.sqrt(exact.var(axis=0).mean())
    scaled = torch.from_numpy(((exact - mean) * scale).astype(np.float32))
    network = _network(vectors.shape[1], bits, width, depth, origin.seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate, betas=_BETAS)
    for step in range(steps):
        optimizer.zero_grad()
        value = loss(network, scaled, step)
        if not torch.isfinite(value):
            raise HashingError(f"cannot fit {origin.kind}: its loss is {value.item()} at step {step}; choose a lower rate")
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    weights = [layer.weight.detach().numpy().astype(np.float64).T for layer in layers]
    biases = [layer.bias.detach().numpy().astype(np.float64) for layer in layers]
    weights[0] = weights[0] * scale
    biases[0] = biases[0] - mean @ weights[0]
    return NetworkForm(
        origin, tuple(one.astype(np.float32) for one in weights), tuple(one.astype(np.float32) for one in biases)
    )


def _network(size: int, bits: int, width: int, depth: int, seed: int) -> nn.Sequential:
    # The caller's stream of random numbers is left as it was.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for number in range(depth):
            layers += [nn.Linear(size, width >> number), nn.LeakyReLU(SLOPE)]
            size = width >> number
        return nn.Sequential(*layers, nn.Linear(size, bits))
