"""The terms of the losses of deep hashing, as published; f are outputs in (0, 1), z outputs in (-1, 1)."""

import math
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

__all__ = ["balance_term", "pair_term", "push_term", "quantisation_term", "triplet_term"]


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


def pair_term(z: Tensor, classes: Tensor) -> Tensor:
    """Mean of log(1 + exp(t)) - s t, where t is half the inner product of a pair and s is 1 for one class, else 0; DHN's L.

    Pairs of one class are rare. The means over pairs of one class and of two count alike, and a row is no pair with itself.
    """
    halves = z @ z.T / 2
    same = classes[:, None] == classes
    costs = F.softplus(halves) - halves * same
    pairs = ~same.new_zeros(same.shape).fill_diagonal_(fill_value=True)
    means = [costs[kind].mean() for kind in (same & pairs, ~same) if kind.any()]
    return sum(means[1:], means[0]) / len(means)


def quantisation_term(z: Tensor) -> Tensor:
    """Mean of log cosh(|z| - 1), a smooth |(|z| - 1)|; DHN's Q."""
    gaps = z.abs() - 1
    # log cosh x = log((exp(x) + exp(-x)) / 2), without the exponentials that overflow.
    return (gaps + F.softplus(-2 * gaps)).mean() - math.log(2)
