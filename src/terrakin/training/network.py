"""The network that is trained: a backbone and a head."""

from typing import cast

from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.backbones.backbone import Backbone
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.heads.head import Head
from terrakin.nn.heads.known import HEADS
from terrakin.nn.losses.known import LOSSES
from terrakin.nn.output import Output
from terrakin.training.recipe import Recipe

__all__ = ["Network", "build", "build_losses"]


class Network(nn.Module):
    """Normalised pixels (N, C, H, W) to an embedding, and to logits where the head gives them."""

    backbone: Backbone
    head: Head

    def __init__(self, backbone: Backbone, head: Head) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, pixels: Tensor) -> Output:
        """Embedding (N, D) and logits (N, classes) or None."""
        output: Output = self.head(self.backbone(pixels))
        return output


def build(recipe: Recipe, *, bands: int, classes: int) -> Network:
    """The network of a recipe with fresh weights, drawn from torch's global generator."""
    backbone = BACKBONES[recipe.backbone.name](bands, **recipe.backbone.options)
    backbone.freeze(recipe.backbone.freeze)
    head = HEADS[recipe.head.name](backbone.channels, classes, **recipe.head.options)
    return Network(backbone, head)


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
