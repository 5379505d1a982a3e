"""Fitting of the hash function `dhn`."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.hashing.dhn import Dhn
from terrakin.hashing.network_form import NetworkForm
from terrakin.nn.losses.hashing import pair_term, quantisation_term
from terrakin.progress import Progress, silent
from terrakin.training.hashing.network import trained
from terrakin.training.samplers.sampler import drawn

__all__ = ["fit"]


def fit(
    options: Dhn,
    vectors: NDArray[np.float32],
    classes: NDArray[np.int64],
    *,
    bits: int,
    seed: int,
    progress: Progress = silent,
) -> NetworkForm:
    """Fit to vectors (N, D) of classes (N,)."""
    labels = torch.from_numpy(classes)

    def loss(network: nn.Module, rows: Tensor, step: int) -> Tensor:
        batch = drawn(seed, step).permutation(len(rows))[: options.batch]
        z = network(rows[batch]).tanh()
        return pair_term(z, labels[batch]) + options.quantise * quantisation_term(z)

    return trained(options, vectors, loss, bits=bits, seed=seed, progress=progress)
