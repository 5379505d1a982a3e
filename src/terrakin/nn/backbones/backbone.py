"""What every backbone can do: freeze its stages, take published weights."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.backbones.published import load_strictly
from terrakin.registry import nearest

__all__ = ["Backbone"]


class Backbone(nn.Module):
    """A network from images to a feature map, in named stages any of which can be frozen; made by `(bands=3, **options)`.

    `forward` takes normalised float images (N, C, H, W) and gives a feature map (N, channels, h, w), h and w being H and W over
    32, rounded up. One that is made for images of one size gives a map of one pixel, and refuses others with a RecipeError.

    A frozen stage has parameters without a gradient, and its batch norm uses and keeps its stored statistics even in training
    mode. It still runs inside the graph: gradients pass through it to whatever comes before.
    """

    channels: int
    """Channels of the feature map."""
    stages: tuple[str, ...]
    """Names of the parts that can be frozen, input side first; together they hold every parameter."""
    mean: tuple[float, ...]
    """What its published weights want subtracted from values in [0, 1], one a band."""
    std: tuple[float, ...]
    """What they then want them divided by, one a band."""
    first: ClassVar[str]
    """Name of the first convolution's weight, which is adapted to other bands."""
    classifier: ClassVar[tuple[str, ...]]
    """Names in a published checkpoint that are not part of the backbone."""
    reads: ClassVar[tuple[str, ...]] = ()
    """Names of the bands that it tells apart, in order; empty where any bands will do."""
    plain: ClassVar[str | None] = None
    """Name of the backbone without the parts that this one adds, whose published weights it takes as well."""

    def __init__(self, stages: Mapping[str, tuple[str, ...]]) -> None:
        """Name stages, input side first, each by the submodules that it consists of."""
        super().__init__()
        self.stages = tuple(stages)
        self._submodules = dict(stages)
        self._frozen: frozenset[str] = frozenset()

    def freeze(self, stages: Iterable[str]) -> None:
        """Freeze these stages and train every other one; `freeze(())` trains all.

        Raises:
            RecipeError: if there is no stage of such a name.
        """
        frozen = frozenset(stages)
        for name in sorted(frozen - set(self.stages)):
            meant = nearest(name, self.stages)
            raise RecipeError(
                f"cannot freeze {name!r}: {type(self).__name__} has no such stage{f';{meant}' if meant else '.'} "
                f"There are: {', '.join(self.stages)}"
            )
        self._frozen = frozen
        for stage in self.stages:
            for part in self._parts(stage):
                part.requires_grad_(stage not in frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set the training mode of every stage that is not frozen."""
        super().train(mode)
        for stage in self._frozen:
            for part in self._parts(stage):
                part.eval()
        return self

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of a published checkpoint, of any number of bands; see `load_strictly`.

        Raises:
            TrainingError: naming every tensor that is missing, not known, or of another shape.
        """
        load_strictly(self, state, first=self.first, classifier=self.classifier)

    def _parts(self, stage: str) -> list[nn.Module]:
        return [self.get_submodule(name) for name in self._submodules[stage]]
