"""What the parameters of a conversion say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNCHANGED", "Numbers", "Reading"]

UNCHANGED = "unchanged"
"""The words for a conversion whose every number, as it is printed, is that of the identity."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reading:
    """The parameters of one conversion of one image, for people."""

    kind: Literal["spatial", "spectral", "other"]
    """Whether it moves pixels or changes their values; `other` where its name says nothing to this program."""
    parameters: Mapping[str, float | str | None]
    """Named numbers at full precision, units in the names; texts where a number would say nothing."""
    words: str
    """The same on one line, rounded, without what is as it was; `unchanged` where nothing is left."""
