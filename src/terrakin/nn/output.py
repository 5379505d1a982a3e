"""What a head gives."""

from typing import NamedTuple

from torch import Tensor

__all__ = ["Output"]


class Output(NamedTuple):
    """A batch as a head sees it: what is searched by, and what a classification loss needs."""

    embedding: Tensor
    """(N, D) float."""
    logits: Tensor | None
    """(N, classes) float, not normalised; None from a head that does not classify."""
