"""Learning from a teacher's embeddings."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from terrakin.errors import RecipeError
from terrakin.nn.losses.loss import Loss
from terrakin.nn.output import Output

__all__ = ["Distillation"]


class Distillation(Loss):
    """Where each embedding points, and how those of a batch lie to each other, as in a teacher's embeddings.

    The first term is the mean of 1 - cosine between an image's embedding and the teacher's. The second is the mean squared
    difference of the two N x N matrices of inner products of unit rows: the relations of a batch, after Park et al.,
    "Relational knowledge distillation", CVPR 2019 (arXiv:1904.05068), with inner products for their distances.
    """

    needs_targets: ClassVar[bool] = True
    reads_sets: ClassVar[bool] = True

    def __init__(
        self, size: int, classes: int, *, cosine: float = 1.0, gram: float = 1.0, columns: slice | None = None
    ) -> None:
        """Make the loss.

        Args:
            size: width of what it sees, which is the teacher's.
            classes: of the training data; not used.
            cosine: weight of the first term.
            gram: weight of the second term.
            columns: those of the embedding that it sees; all by default.

        Raises:
            RecipeError: if a weight is negative, or both are 0.
        """
        super().__init__(columns)
        if not min(cosine, gram) >= 0 or not max(cosine, gram) > 0:
            raise RecipeError(f"a distillation weighs cosine or gram above 0 and neither below, got {cosine} and {gram}")
        self.size = size
        self.cosine = cosine
        self.gram = gram

    def forward(self, output: Output, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """The loss of embeddings (N, D) towards targets (N, size); labels are not read.

        Raises:
            RecipeError: if there are no targets, or they are of another width.
        """
        if targets is None:
            raise RecipeError("a distillation needs a teacher, and there is none; name one in [[teacher]]")
        if targets.shape[1] != self.size:
            raise RecipeError(
                f"a distillation sees {self.size} columns of the embedding, and its teacher has {targets.shape[1]}; "
                f"give the head a part of {targets.shape[1]}"
            )
        student = F.normalize(self.seen(output).to(targets.dtype), dim=1)
        teacher = F.normalize(targets, dim=1)
        apart = (1 - (student * teacher).sum(dim=1)).mean()
        relations = F.mse_loss(student @ student.T, teacher @ teacher.T)
        return self.cosine * apart + self.gram * relations
