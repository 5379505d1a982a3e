"""The protocol of stores: what keeps chips and their vectors and finds the nearest."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from terrakin.archive.condition import Condition
from terrakin.archive.schema import VECTOR, Compared
from terrakin.registry import Registry
from terrakin.spaces.kinds import Packed
from terrakin.spaces.space import Space

__all__ = ["STORES", "Encode", "Store"]

Encode = Callable[[Packed], Packed]
"""From packed vectors (N, W) of a store to their codes (N, bits / 8)."""


class Store(Protocol):
    """Keeps chips (columns of `chips_schema` and properties) and finds the nearest. Every member answers alike."""

    space: Space
    """How the vectors compare."""

    @property
    def codes(self) -> Space | None:
        """How the codes beside the vectors compare; None where there are none."""

    def add_codes(self, codes: Space, encode: Encode) -> None:
        """Give every chip a code, made of its vector, all or none. From then on chips are appended with their codes.

        Args:
            codes: how they compare, a Hamming space.
            encode: called with some vectors at a time.

        Raises:
            ArchiveError: if there are codes already.
            ArchiveFullError: if the disk is full; there are no codes then.
        """

    def drop_codes(self) -> None:
        """Take the codes away, where there are some."""

    def append(self, chips: pa.Table) -> None:
        """Add chips, all or none. Columns of new properties are added; other columns must be those of the schema.

        Raises:
            ArchiveError: if an id is there already, or a property has another type than before.
            ArchiveFullError: if the disk is full; nothing was added.
        """

    def delete(self, condition: Condition) -> int:
        """Remove the chips that pass; returns how many."""

    def scan(self, columns: Sequence[str], where: Condition | None = None) -> Iterator[pa.RecordBatch]:
        """The chosen columns of the chips that pass, in batches, in no particular order."""

    def take(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Rows of these ids, in this order.

        Raises:
            ChipNotFoundError: for an id that is not there, naming it and the nearest one there is.
        """

    def search(
        self,
        query: NDArray[np.float32] | NDArray[np.uint8],
        *,
        k: int,
        where: Condition | None = None,
        by: Compared = VECTOR,
    ) -> tuple[list[str], NDArray[np.float32]]:
        """Ids and distances of the k nearest of the chips that pass, nearest first, ties by id (UTF-8 byte order).

        Args:
            query: (W,) packed vector of the store's space, or packed code.
            k: how many; fewer come back where fewer pass.
            where: applied before ranking, so that the answer equals an exhaustive search of what passes.
            by: what is compared: vectors, or codes where the store has codes.
        """

    def count(self, where: Condition | None = None) -> int:
        """How many chips pass."""

    def columns(self) -> pa.Schema:
        """The schema as it stands, properties included."""

    def compact(self) -> None:
        """Merge small pieces and refresh indexes; answers do not change."""

    def checkpoint(self) -> int:
        """See what others have written since; returns a number that grows with every change."""


STORES = Registry[type[Store]](
    "stores", {"lance": "terrakin.archive.lance:LanceStore", "memory": "terrakin.archive.memory:MemoryStore"}
)
"""Stores by name."""
