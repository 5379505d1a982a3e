"""What a network gives."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

__all__ = ["Output"]


class Output(NamedTuple):
    """A batch as a network sees it: what is searched by, and what a classification loss needs."""

    embedding: Tensor
    """(N, D) float."""
    logits: Tensor | None
    """(N, classes) float, not normalised; None from a head that does not classify."""
    theta: Tensor | None = None
    """(N, P) float: by which parameters a front-end corrected the images; None where there is no front-end."""
    steps: Mapping[str, Tensor] | None = None
    """(N, C, H, W) float each: the images after each conversion of a front-end, by the conversion's name, the first first."""
