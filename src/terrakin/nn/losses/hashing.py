"""Bits that agree within a class and differ between classes."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output

__all__ = ["Hashing"]


class Hashing(Loss):
    """DHN: how unlikely the codes make it that pairs are of one class, and how far their values are from -1 and 1.

    Zhu, Long, Wang & Cao, "Deep hashing network for efficient similarity retrieval", AAAI 2016. With t half the inner product
    of a pair of rows, its loss is log(1 + exp(t)) - t in one class and log(1 + exp(t)) between classes. Pairs of one class are
    rare, so that their mean and that of the other pairs weigh half each. To this is added `quantisation` times the mean of
    log cosh(|z| - 1) over all values z. The sources that we have state no weight for it.

    The head `hash` gives such rows. It needs pairs of both kinds in a batch.
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
        """The loss of embeddings (N, D) and labels (N,) int64; targets are not read. A kind without pairs counts as 0."""
        rows = self.seen(output)
        halves = rows @ rows.T / 2
        same = labels[:, None] == labels
        pair = torch.ones_like(same).triu(diagonal=1)
        together, apart = F.softplus(-halves)[same & pair], F.softplus(halves)[~same & pair]
        likelihood = (_mean(together) + _mean(apart)) / 2
        return likelihood + self.quantisation * _log_cosh(rows.abs() - 1).mean()


def _mean(terms: Tensor) -> Tensor:
    return terms.sum() / max(1, len(terms))


def _log_cosh(values: Tensor) -> Tensor:
    # Of the definition, cosh overflows.
    return values.abs() + F.softplus(-2 * values.abs()) - math.log(2)
