"""The terms of the loss of metric-learning hashing, as published; f are outputs in (0, 1)."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

__all__ = ["balance_term", "push_term", "triplet_term"]


def triplet_term(f: Tensor, *, margin: float, unit: bool = True) -> Tensor:
    """Mean of max(0, |a - p|^2 - |a - n|^2 + margin); MiLaN's L_T.

    Args:
        f: (3 n, K) outputs: n anchors, then their n positives, then their n negatives.
        margin: in squared distances. Those of unit vectors without negative entries are 0 to 2.
        unit: whether outputs are brought to unit length first. The other two terms of MiLaN see them as they are.
    """
    anchors, positives, negatives = (F.normalize(f, dim=1) if unit else f).chunk(3)
    gaps = (anchors - positives).square().sum(dim=1) - (anchors - negatives).square().sum(dim=1)
    return (gaps + margin).clamp(min=0).mean()


def push_term(f: Tensor) -> Tensor:
    """Minus the mean of (f - 1/2)^2: from 0 where all outputs are 1/2 to -1/4 where all are 0 or 1; MiLaN's L_P."""
    return -(f - 0.5).square().mean()


def balance_term(f: Tensor, *, of: Literal["code", "bit"] = "code") -> Tensor:
    """Mean of (mean - 1/2)^2, where the mean is over the bits of each code; MiLaN's L_B.

    The published code balances each code, so that half of its bits are 1. The papers' words can be read as balance of each bit
    over the data, which is `of="bit"`, over the batch.
    """
    return (f.mean(dim=1 if of == "code" else 0) - 0.5).square().mean()
