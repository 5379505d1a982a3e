"""The same class near, others at a distance."""

from typing import ClassVar

from torch import Tensor

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output
from terrakin.registry import require

__all__ = ["Contrastive"]


class Contrastive(Loss):
    """Mean distance of a batch's pairs of one class, plus mean of margin - distance of other pairs nearer than the margin.

    Euclidean between unit rows. Hadsell, Chopra & LeCun, CVPR 2006, equation 4, without its squares. Pairs whose term is 0
    are not counted in the means. A batch needs several images of a class: sample P classes x K images.
    """

    needs_packages: ClassVar[tuple[str, ...]] = ("pytorch-metric-learning",)

    def __init__(self, size: int, classes: int, *, margin: float = 1.0, columns: slice | None = None) -> None:
        """Make the loss.

        Args:
            size: width of what it sees; any.
            classes: of the training data; not used.
            margin: distance in (0, 2] from which other classes no longer push.
            columns: those of the embedding that it sees; all by default.

        Raises:
            MissingExtraError: if pytorch-metric-learning is not installed.
            RecipeError: if the margin is out of range.
        """
        super().__init__(columns)
        if not 0 < margin <= 2:
            raise RecipeError(f"a contrastive loss has a margin above 0 and up to 2, got {margin}")
        self.loss = require("pytorch_metric_learning.losses", extra="train").ContrastiveLoss(neg_margin=margin)

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """The loss of embeddings (N, D) and labels (N,) int64; targets are not read."""
        loss: Tensor = self.loss(self.seen(output), labels)
        return loss
