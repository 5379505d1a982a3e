"""Nearer to the same class than to another, by a margin."""

from typing import ClassVar, Literal

from torch import Tensor

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output
from terrakin.registry import nearest, require

__all__ = ["Triplet"]


class Triplet(Loss):
    """Mean of max(0, d(a, p) - d(a, n) + margin) over the batch's triplets that violate it, d between unit rows.

    Schroff et al., "FaceNet", CVPR 2015, equation 2, with plain Euclidean distances as in Hermans et al., "In defense of the
    triplet loss" (arXiv:1703.07737). The triplets are `all`; those whose negative is further than the positive and within the
    margin, `semi-hard`; or one an image, its furthest positive and nearest negative, `batch-hard`.
    A batch needs several images of a class: sample P classes x K images.
    """

    needs_packages: ClassVar[tuple[str, ...]] = ("pytorch-metric-learning",)

    def __init__(
        self,
        size: int,
        classes: int,
        *,
        margin: float = 0.2,
        triplets: Literal["all", "semi-hard", "batch-hard"] = "semi-hard",
        columns: slice | None = None,
    ) -> None:
        """Make the loss.

        Args:
            size: width of what it sees; any.
            classes: of the training data; not used.
            margin: in (0, 2); unit rows are at most 2 apart.
            triplets: which of a batch count.
            columns: those of the embedding that it sees; all by default.

        Raises:
            MissingExtraError: if pytorch-metric-learning is not installed.
            RecipeError: if the margin is out of range or there is no such choice of triplets.
        """
        super().__init__(columns)
        if not 0 < margin < 2:
            raise RecipeError(f"a triplet's margin is between 0 and 2, got {margin}")
        losses = require("pytorch_metric_learning.losses", extra="train")
        miners = require("pytorch_metric_learning.miners", extra="train")
        made = {
            "all": lambda: None,
            "semi-hard": lambda: miners.TripletMarginMiner(margin=margin, type_of_triplets="semihard"),
            "batch-hard": miners.BatchHardMiner,
        }
        if triplets not in made:
            meant = nearest(triplets, made)
            raise RecipeError(f"no triplets named {triplets!r}{f';{meant}' if meant else '.'} There are: {', '.join(made)}")
        self.miner = made[triplets]()
        self.loss = losses.TripletMarginLoss(margin=margin)

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """The loss of embeddings (N, D) and labels (N,) int64, 0 where no triplet counts; targets are not read."""
        rows = self.seen(output)
        loss: Tensor = self.loss(rows, labels, self.miner(rows, labels) if self.miner else None)
        return loss
