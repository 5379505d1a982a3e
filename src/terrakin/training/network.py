"""The network that is trained: a backbone and a head, and before them a front-end where there is one."""

from typing import cast

import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.backbones.backbone import Backbone
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.frontends.frontend import Converted, FrontEnd
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.nn.heads.head import Head
from terrakin.nn.heads.known import HEADS
from terrakin.nn.losses.known import LOSSES
from terrakin.nn.output import Output
from terrakin.training.recipe import Recipe

__all__ = ["Network", "Normalisation", "build", "build_losses", "with_conversions"]

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]
"""What is subtracted from values in [0, 1], and what they are then divided by, one a band each."""


class Network(nn.Module):
    """Pixels (N, C, H, W) to an embedding, and to logits where the head gives them.

    Pixels are normalised by `mean` and `std`. A front-end wants them in [0, 1] as they are; what it makes of them is then
    normalised for the backbone in here.
    """

    backbone: Backbone
    head: Head
    frontend: FrontEnd | None
    _mean: Tensor
    _std: Tensor

    def __init__(self, backbone: Backbone, head: Head, frontend: FrontEnd | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.frontend = frontend
        for name, values in (("_mean", backbone.mean), ("_std", backbone.std)):
            # No weights: the backbone says them.
            self.register_buffer(name, torch.tensor(values).reshape(1, -1, 1, 1), persistent=False)

    @property
    def mean(self) -> tuple[float, ...]:
        """What is subtracted from values in [0, 1] before they come in, one a band."""
        return tuple(self.backbone.mean) if self.frontend is None else (0.0,) * len(self.backbone.mean)

    @property
    def std(self) -> tuple[float, ...]:
        """What they are then divided by, one a band."""
        return tuple(self.backbone.std) if self.frontend is None else (1.0,) * len(self.backbone.std)

    def maps(self, pixels: Tensor) -> tuple[Tensor, Converted | None]:
        """The backbone's feature maps (N, channels, h, w), and what a front-end made of the pixels where there is one."""
        if self.frontend is None:
            return self.backbone(pixels), None
        converted: Converted = self.frontend(pixels)
        return self.backbone((converted.images - self._mean) / self._std), converted

    def forward(self, pixels: Tensor) -> Output:
        """Embedding (N, D), logits (N, classes) or None, and what a front-end tells or None."""
        maps, converted = self.maps(pixels)
        return with_conversions(self.head(maps), converted)


def with_conversions(output: Output, converted: Converted | None) -> Output:
    """An output that also tells what a front-end did, where there is one."""
    return output if converted is None else output._replace(theta=converted.theta, steps=converted.steps)


def build(recipe: Recipe, *, bands: int, classes: int, normalisation: Normalisation | None = None) -> Network:
    """The network of a recipe with fresh weights, drawn from torch's global generator.

    It is normalised as its backbone wants it where no `normalisation` is given.
    """
    backbone = BACKBONES[recipe.backbone.name](bands, **recipe.backbone.options)
    if normalisation is not None:
        backbone.mean, backbone.std = normalisation
    backbone.freeze(recipe.backbone.freeze)
    head = HEADS[recipe.head.name](backbone.channels, classes, **recipe.head.options)
    chosen = recipe.frontend
    # Drawn last: backbone and head begin as they do without it.
    frontend = None if chosen is None else FRONTENDS[chosen.name](bands, size=recipe.export.size, **chosen.options)
    return Network(backbone, head, frontend)


def build_losses(recipe: Recipe, network: Network, *, classes: int) -> nn.ModuleList:
    """The terms of a recipe, each for the columns of the embedding that it sees."""
    parts = network.head.parts
    losses = nn.ModuleList()
    for number, term in enumerate(recipe.losses):
        columns, size = None, network.head.size
        if term.part is not None:
            if not 0 <= term.part < len(parts):
                raise RecipeError(f"[[loss]] {number}: the head gives {len(parts)} parts, numbered from 0; got {term.part}")
            start = sum(parts[: term.part])
            size = parts[term.part]
            columns = slice(start, start + size)
        # Every loss is a module; the protocol says only what the loop calls.
        losses.append(cast(nn.Module, LOSSES[term.name](size, classes, columns=columns, **term.options)))
    return losses
