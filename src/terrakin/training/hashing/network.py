"""The network of a deep hash function: made, trained and handed on as arrays."""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.errors import HashingError
from terrakin.hashing.dhn import Dhn
from terrakin.hashing.hasher import Origin
from terrakin.hashing.mhcln import Mhcln
from terrakin.hashing.network_form import SLOPE, NetworkForm
from terrakin.progress import Progress, silent

__all__ = ["trained"]

_BETAS = (0.5, 0.9)
# Of Adam, in the code of MHCLN.

_EVERY = 25
# Steps between two calls that say how far it is.


def trained(
    options: Mhcln | Dhn,
    vectors: NDArray[np.float32],
    loss: Callable[[nn.Module, Tensor, int], Tensor],
    *,
    bits: int,
    seed: int,
    progress: Progress = silent,
) -> NetworkForm:
    """Train a network of halving layers and one of `bits` outputs by Adam.

    Vectors are centred and divided by one number, so that their mean variance is 1: embeddings of unit length are much smaller
    than the pooled features that the published rates are for. Both are then folded into the first layer.

    Args:
        options: of the hash function; width, depth, steps and rate are read here.
        vectors: (N, D).
        loss: what a step makes small, of the network, the scaled vectors (N, D) and the number of the step.
        bits: outputs.
        seed: of the first weights.
        progress: called with steps done.

    Raises:
        HashingError: if the loss becomes NaN or infinite.
    """
    origin = Origin(type(options).__name__.lower(), seed, asdict(options))
    exact = vectors.astype(np.float64)
    mean = exact.mean(axis=0)
    scale = 1 / np.sqrt(exact.var(axis=0).mean())
    scaled = torch.from_numpy(((exact - mean) * scale).astype(np.float32))
    network = _network(vectors.shape[1], bits, options.width, options.depth, seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.rate, betas=_BETAS)
    for step in range(options.steps):
        optimizer.zero_grad()
        value = loss(network, scaled, step)
        if not torch.isfinite(value):
            raise HashingError(f"cannot fit {origin.kind}: its loss is {value.item()} at step {step}; choose a lower rate")
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if (step + 1) % _EVERY == 0:
            progress(step + 1, options.steps, f"steps of {origin.kind}")
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
