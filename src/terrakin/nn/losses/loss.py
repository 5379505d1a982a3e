"""What every loss can do, and which columns of an embedding it sees."""

from typing import ClassVar, Protocol

from torch import Tensor

from terrakin.nn.output import Output

__all__ = ["Loss", "seen"]


class Loss(Protocol):
    """A `torch.nn.Module` with one number to make small, made by `(size, classes, *, columns=None, **options)`.

    `columns` are those of the embedding that it sees, all of them by default, and `size` says how many they are. It runs in
    the precision of the embedding: under automatic mixed precision, call it outside.
    """

    needs_targets: ClassVar[bool]
    """Whether it learns from a teacher's embeddings."""

    def __call__(self, output: Output, labels: Tensor, targets: Tensor | None = None, /) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            output: a head's, of N images.
            labels: (N,) int64, in [0, classes).
            targets: (N, T) float, unit rows: a teacher's embeddings of the same images.
        """
        ...


def seen(output: Output, columns: slice | None) -> Tensor:
    """The columns of the embedding that a loss sees: (N, size)."""
    return output.embedding if columns is None else output.embedding[:, columns]
