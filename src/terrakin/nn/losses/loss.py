"""What every loss says of what it sees."""

from typing import Any, ClassVar, Protocol

from torch import Tensor, nn

from terrakin.nn.output import Output

__all__ = ["Loss", "LossMaker"]


class Loss(nn.Module):
    """One number to make small; made by `(size, classes, *, columns=None, **options)`.

    `columns` are those of the embedding that it sees, all of them by default, and `size` says how many they are. `forward`
    takes an `Output` of N images, labels (N,) int64 in [0, classes), or (N, classes) bool where it reads sets of them, and,
    where a teacher is learnt from, its embeddings of the same images as targets (N, T) float; it gives a scalar. It computes
    in the precision of what it is given: under automatic mixed precision, call it outside.
    """

    needs_targets: ClassVar[bool] = False
    """Whether it learns from a teacher's embeddings."""

    reads_sets: ClassVar[bool] = False
    """Whether an image may have several labels."""

    needs_packages: ClassVar[tuple[str, ...]] = ()
    """What it needs besides torch and numpy, as pip names it; imported by that name with `_` for `-`."""

    def __init__(self, columns: slice | None = None) -> None:
        super().__init__()
        self.columns = columns

    def seen(self, output: Output) -> Tensor:
        """The columns of the embedding that it sees: (N, size)."""
        return output.embedding if self.columns is None else output.embedding[:, self.columns]


class LossMaker(Protocol):
    """What makes a loss, and can say what it needs before it does: its class."""

    needs_targets: bool
    """Whether its losses learn from a teacher's embeddings."""

    reads_sets: bool
    """Whether an image may have several labels."""

    needs_packages: tuple[str, ...]
    """What they need besides torch and numpy, as pip names it; imported by that name with `_` for `-`."""

    def __call__(self, size: int, classes: int, *, columns: slice | None = None, **options: Any) -> Loss:
        """A loss for embeddings of which it sees `size` columns, and for labels in [0, classes)."""
        ...
