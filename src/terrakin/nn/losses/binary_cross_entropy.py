"""Classification of images that may have several labels."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output

__all__ = ["BinaryCrossEntropy"]


class BinaryCrossEntropy(Loss):
    """Cross-entropy of the sigmoid of each logit, the mean over labels and images: each label is a question of its own.

    A label is predicted where its sigmoid is at least 0.5, which is where its logit is not negative.
    """

    reads_sets: ClassVar[bool] = True

    def __init__(self, size: int, classes: int, *, columns: slice | None = None) -> None:
        """Make the loss.

        Args:
            size: of the embedding; not used.
            classes: number of logits; the head's.
            columns: None; it sees logits and no embedding.

        Raises:
            RecipeError: if it is given a part of the embedding.
        """
        super().__init__()
        if columns is not None:
            raise RecipeError("binary-cross-entropy sees the logits and no part of the embedding; take part out")
        self.classes = classes

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """Mean loss over logits (N, classes) and labels: (N, classes) bool, or (N,) int64 of one each; targets are not read.

        Raises:
            RecipeError: if the head gives no logits.
        """
        if output.logits is None:
            raise RecipeError("binary-cross-entropy needs logits, and this head gives none; choose the head fc or fc-block")
        wanted = F.one_hot(labels, self.classes) if labels.ndim == 1 else labels
        return F.binary_cross_entropy_with_logits(output.logits, wanted.to(output.logits.dtype))
