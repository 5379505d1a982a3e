"""Classification by a head's logits."""

import torch.nn.functional as F
from torch import Tensor

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output

__all__ = ["CrossEntropy"]


class CrossEntropy(Loss):
    """Cross-entropy of the softmax of the logits.

    With label smoothing s the wanted distribution is 1 - s on the class plus s spread evenly over all: Szegedy et al.,
    "Rethinking the Inception architecture", CVPR 2016, section 7.
    """

    def __init__(self, size: int, classes: int, *, label_smoothing: float = 0.0, columns: slice | None = None) -> None:
        """Make the loss.

        Args:
            size: of the embedding; not used.
            classes: number of logits; the head's.
            label_smoothing: in [0, 1).
            columns: None; it sees logits and no embedding.

        Raises:
            RecipeError: if the smoothing is out of range, or it is given a part of the embedding.
        """
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise RecipeError(f"label_smoothing is from 0 to below 1, got {label_smoothing}")
        if columns is not None:
            raise RecipeError("cross-entropy sees the logits and no part of the embedding; take part out")
        self.label_smoothing = label_smoothing

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """Mean loss over logits (N, classes) and labels (N,) int64; targets are not read.

        Raises:
            RecipeError: if the head gives no logits.
        """
        if output.logits is None:
            raise RecipeError(
                "cross-entropy needs logits, and this head gives none; choose the head fc, ldcnn or cbp, or normalised-softmax"
            )
        return F.cross_entropy(output.logits, labels, label_smoothing=self.label_smoothing)
