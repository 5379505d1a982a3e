"""Nearer to the same class than to another, by a margin."""

from typing import ClassVar, Literal

import torch
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
    With `anchors="both"` the positive is an anchor, too, and max(0, d(a, p) - d(p, n) + margin) is a term of its own: the
    dual-anchor loss of Zhang et al., "Triplet non-local neural network", as Wang, Ji & Zhang, JSTARS 2021, cite it.
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
        anchors: Literal["one", "both"] = "one",
        columns: slice | None = None,
    ) -> None:
        """Make the loss.

        Args:
            size: width of what it sees; any.
            classes: of the training data; not used.
            margin: in (0, 2); unit rows are at most 2 apart.
            triplets: which of a batch count.
            anchors: `one` image of the pair, or `both`; `all` triplets have both already.
            columns: those of the embedding that it sees; all by default.

        Raises:
            MissingExtraError: if pytorch-metric-learning is not installed.
            RecipeError: if the margin is out of range or there is no such choice of triplets or anchors.
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
        if anchors not in ("one", "both"):
            raise RecipeError(f"anchors are one or both, got {anchors!r}")
        if anchors == "both" and triplets == "all":
            raise RecipeError("all triplets have both images of a pair as anchors already; take anchors out")
        self.miner = made[triplets]()
        self.anchors = anchors
        self.loss = losses.TripletMarginLoss(margin=margin)

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """The loss of embeddings (N, D) and labels (N,) int64, 0 where no triplet counts; targets are not read."""
        rows = self.seen(output)
        triplets = None if self.miner is None else self.miner(rows, labels)
        if triplets is not None and self.anchors == "both":
            anchors, positives, negatives = triplets
            triplets = torch.cat([anchors, positives]), torch.cat([positives, anchors]), negatives.repeat(2)
        loss: Tensor = self.loss(rows, labels, triplets)
        return loss
