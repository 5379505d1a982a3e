"""Bits that agree within a class and differ between classes."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output

__all__ = ["Hashing", "pair_term", "quantisation_term"]


class Hashing(Loss):
    """DHN: how unlikely codes make it that pairs are of one class or of two, and how far their values are from -1 and 1.

    Zhu, Long, Wang & Cao, "Deep hashing network for efficient similarity retrieval", AAAI 2016: `pair_term` plus `quantisation`
    times `quantisation_term`. The sources that we have state no weight for it. The head `hash` gives such rows, and a batch
    needs pairs of both kinds.
    """

    def __init__(self, size: int, classes: int, *, quantisation: float = 1.0, columns: slice | None = None) -> None:
        """Make the loss.

        Args:
            size: width of what it sees; any.
            classes: of the training data; not used.
            quantisation: weight of the distance from -1 and 1.
            columns: those of the embedding that it sees; all by default.

        Raises:
            RecipeError: if the weight is negative.
        """
        super().__init__(columns)
        if not quantisation >= 0:
            raise RecipeError(f"quantisation is a weight of 0 or more, got {quantisation}")
        self.quantisation = quantisation

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """The loss of embeddings (N, D) and labels (N,) int64; targets are not read."""
        rows = self.seen(output)
        return pair_term(rows, labels) + self.quantisation * quantisation_term(rows)


def pair_term(z: Tensor, classes: Tensor) -> Tensor:
    """Mean of log(1 + exp(t)) - s t, where t is half the inner product of a pair and s is 1 for one class, else 0; DHN's L.

    Pairs of one class are rare. The means over pairs of one class and of two count alike, and a row is no pair with itself.
    Where there are no pairs it is 0.
    """
    halves = z @ z.T / 2
    same = classes[:, None] == classes
    costs = F.softplus(halves) - halves * same
    pairs = ~same.new_zeros(same.shape).fill_diagonal_(fill_value=True)
    means = [costs[kind].mean() for kind in (same & pairs, ~same) if kind.any()]
    return torch.stack(means).mean() if means else 0 * z.sum()


def quantisation_term(z: Tensor) -> Tensor:
    """Mean of log cosh(|z| - 1), a smooth |(|z| - 1)|; DHN's Q."""
    gaps = z.abs() - 1
    # log cosh x = log((exp(x) + exp(-x)) / 2), without the exponentials that overflow.
    return (gaps + F.softplus(-2 * gaps)).mean() - math.log(2)
