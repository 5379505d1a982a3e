"""Parts of a network that training leaves as they are."""

from collections.abc import Iterable, Mapping
from typing import Self

from torch import nn

from terrakin.errors import RecipeError
from terrakin.registry import nearest

__all__ = ["Stages"]


class Stages(nn.Module):
    """A network in named stages, any of which can be frozen.

    A frozen stage has parameters without a gradient, and its batch norm uses and keeps its stored statistics even in training
    mode. It still runs inside the graph: gradients pass through it to whatever comes before.
    """

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

    def _parts(self, stage: str) -> list[nn.Module]:
        return [self.get_submodule(name) for name in self._submodules[stage]]
