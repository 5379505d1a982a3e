"""Which precision is faster on this machine."""

import copy
import time
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["faster"]

_TRIES = 2


def faster(network: nn.Module, pixels: Tensor) -> Literal["float32", "bf16"]:
    """Try both precisions on one batch, forward and backward; the network stays as it is.

    Args:
        network: a module whose result has an `embedding`.
        pixels: (N, C, H, W) normalised, on the network's device.
    """
    trial = copy.deepcopy(network)
    times = {name: _time(trial, pixels, name == "bf16") for name in ("float32", "bf16")}
    return "bf16" if times["bf16"] < times["float32"] else "float32"


def _time(network: nn.Module, pixels: Tensor, bf16: bool) -> float:
    shortest = float("inf")
    for _ in range(1 + _TRIES):  # the first one pays for setting up
        began = time.perf_counter()
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=bf16):
            result = network(pixels).embedding
        result.float().sum().backward()
        if pixels.device.type == "cuda":
            torch.cuda.synchronize(pixels.device)
        shortest = min(shortest, time.perf_counter() - began)
    return shortest
