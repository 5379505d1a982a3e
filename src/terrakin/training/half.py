"""Weights in half the space, to be carried where the whole would not fit."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

__all__ = ["halved", "size_of", "whole"]

_LARGEST = torch.finfo(torch.float16).max


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The matrices and kernels among the tensors as float16, which keeps 11 bits: each value is off by at most 1 in 2,048.

    Everything else stays as it is: vectors, such as the statistics of batch norm, take little space and have a range that
    float16 lacks, and so may a matrix with values above 65,504.

    >>> {name: t.dtype for name, t in halved({"kernel": torch.ones(2, 2), "variance": torch.ones(2)}).items()}
    {'kernel': torch.float16, 'variance': torch.float32}
    """
    return {name: tensor.half() if _fits(tensor) else tensor for name, tensor in tensors.items()}


def whole(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with those of float16 as float32 again."""
    return {name: tensor.float() if tensor.dtype == torch.float16 else tensor for name, tensor in tensors.items()}


def size_of(tensors: Iterable[Tensor]) -> int:
    """Bytes of their values."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _fits(tensor: Tensor) -> bool:
    return tensor.dtype == torch.float32 and tensor.ndim > 1 and bool((tensor.abs() <= _LARGEST).all())
