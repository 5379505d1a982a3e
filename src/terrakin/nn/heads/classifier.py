"""The papers' head: fully connected layers to the classes."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.heads.head import Head
from terrakin.nn.output import Output

__all__ = ["Classifier"]


class Classifier(Head):
    """A hidden layer with ReLU and a layer of class logits; either, or the pooled feature map, is the embedding.

    Wang, Ji & Zhang, JSTARS 2021: FC1 of 4096 units, FC2 of as many as there are classes, trained by cross-entropy.
    The rows of its tables are `hidden=4096, feature="logits"` ("FC1+FC2"), `hidden=4096, feature="hidden"` with a reducer
    ("FC1+PCA"), `hidden=0, feature="logits"` ("FC") and `hidden=0, feature="pooled"` with a reducer ("PCA").

    >>> import torch
    >>> output = Classifier(8, 5, hidden=16)(torch.rand(3, 8, 2, 2))
    >>> output.embedding.shape, output.logits.shape
    (torch.Size([3, 16]), torch.Size([3, 5]))
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        hidden: int = 4096,
        feature: Literal["hidden", "logits", "pooled"] = "hidden",
        fc1_input: Literal["gap", "flatten"] = "gap",
        grid: int = 0,
        dropout: float = 0.0,
    ) -> None:
        """Make the head.

        Args:
            channels: of the feature map.
            classes: number of logits.
            hidden: units of the hidden layer; 0 for none, logits then come straight from the pooled map.
            feature: what the embedding is.
            fc1_input: what the hidden layer reads: the mean of the feature map, or all of it.
            grid: side of the feature map, for `flatten` alone: a 32nd of the input's side, rounded up.
            dropout: share of what the layer of logits reads that is zeroed, and drawn anew, at each step of training.

        Raises:
            RecipeError: if a value does not exist, or does not go with the others.
        """
        _check(hidden, feature, fc1_input, grid)
        if not 0 <= dropout < 1:
            raise RecipeError(f"dropout is a share from 0 to below 1, got {dropout}")
        super().__init__(({"hidden": hidden, "logits": classes, "pooled": channels}[feature],))
        self.feature = feature
        self.grid = grid
        self.fc1 = nn.Linear(channels * max(grid, 1) ** 2, hidden) if hidden else None
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden or channels, classes)

    def forward(self, maps: Tensor) -> Output:
        """Embedding (N, size) and logits (N, classes) of feature maps (N, channels, h, w).

        Dropout acts on the way to the logits: an embedding that comes before them is whole.

        Raises:
            RecipeError: if all of the map is read, and it is not `grid` x `grid`.
        """
        pooled = maps.mean(dim=(2, 3))
        hidden = pooled if self.fc1 is None else F.relu(self.fc1(self._flat(maps) if self.grid else pooled))
        logits: Tensor = self.fc2(self.dropout(hidden))
        return Output({"hidden": hidden, "logits": logits, "pooled": pooled}[self.feature], logits)

    def _flat(self, maps: Tensor) -> Tensor:
        if maps.shape[2:] != (self.grid, self.grid):
            raise RecipeError(
                f"this head was made for feature maps of {self.grid} x {self.grid}, got {maps.shape[2]} x {maps.shape[3]}; "
                f"give it images of up to {32 * self.grid} px, or make it with another grid"
            )
        return maps.flatten(1)


def _check(hidden: int, feature: str, fc1_input: str, grid: int) -> None:
    if hidden < 0:
        raise RecipeError(f"hidden is 0 or more units, got {hidden}")
    if feature not in ("hidden", "logits", "pooled"):
        raise RecipeError(f"feature is hidden, logits or pooled, got {feature!r}")
    if fc1_input not in ("gap", "flatten"):
        raise RecipeError(f"fc1_input is gap or flatten, got {fc1_input!r}")
    if feature == "hidden" and not hidden:
        raise RecipeError("there is no hidden layer to be the embedding; choose feature logits or pooled, or hidden above 0")
    if fc1_input == "flatten" and not (hidden and grid > 0):
        raise RecipeError(
            f"fc1_input flatten needs hidden above 0 and the grid of the feature map (7 for 224 px), got {hidden} and {grid}"
        )
    if fc1_input == "gap" and grid:
        raise RecipeError(f"grid is for fc1_input flatten alone, got {grid}; take it out")
