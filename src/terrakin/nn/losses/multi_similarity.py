"""Pairs weighted by how similar they are, to each other and to the batch's other pairs."""

from typing import ClassVar

from torch import Tensor

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output
from terrakin.registry import require

__all__ = ["MultiSimilarity"]


class MultiSimilarity(Loss):
    """Multi-similarity loss with its mining: Wang et al., CVPR 2019 (arXiv:1904.06627), equations 12 to 15.

    With cosines s of the mined pairs of an image, P of its class and N of others, the mean over images of
    log(1 + sum_P exp(-alpha (s - base))) / alpha + log(1 + sum_N exp(beta (s - base))) / beta.
    Mined are pairs of one class less similar than the most similar other plus `epsilon`, and other pairs more similar than the
    least similar of the class minus `epsilon`. A batch needs several images of a class: sample P classes x K images.
    """

    needs_packages: ClassVar[tuple[str, ...]] = ("pytorch-metric-learning",)

    def __init__(
        self,
        size: int,
        classes: int,
        *,
        alpha: float = 2.0,
        beta: float = 50.0,
        base: float = 0.5,
        epsilon: float = 0.1,
        columns: slice | None = None,
    ) -> None:
        """Make the loss; defaults are the paper's.

        Args:
            size: width of what it sees; any.
            classes: of the training data; not used.
            alpha: sharpness for pairs of one class.
            beta: sharpness for other pairs.
            base: cosine at which a pair weighs half.
            epsilon: how far mining reaches.
            columns: those of the embedding that it sees; all by default.

        Raises:
            MissingExtraError: if pytorch-metric-learning is not installed.
            RecipeError: if a sharpness is not above 0.
        """
        super().__init__(columns)
        if not min(alpha, beta) > 0:
            raise RecipeError(f"alpha and beta are above 0, got {alpha} and {beta}")
        self.miner = require("pytorch_metric_learning.miners", extra="train").MultiSimilarityMiner(epsilon=epsilon)
        losses = require("pytorch_metric_learning.losses", extra="train")
        self.loss = losses.MultiSimilarityLoss(alpha=alpha, beta=beta, base=base)

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """The loss of embeddings (N, D) and labels (N,) int64; targets are not read."""
        rows = self.seen(output)
        loss: Tensor = self.loss(rows, labels, self.miner(rows, labels))
        return loss
