"""A hash function that has been fitted: what every kind of them can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.progress import Progress

__all__ = ["Arrays", "Fitted", "Hasher", "Learner", "Option", "Origin", "checked"]

Arrays = Mapping[str, NDArray[Any]]
"""Arrays by name, none of them of objects: what an `.npz` holds without pickle."""

Option = bool | int | float | str
"""The value of an option."""

_OPTION = "option."


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a hash function comes from. With the vectors it was fitted on, it is enough to fit it again."""

    kind: str
    """Name in `HASHERS`."""
    seed: int
    """Of everything that was drawn."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """What was chosen when it was fitted, by name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays of no dimension: `kind`, `seed`, and `option.NAME` of each option."""
        named = {f"{_OPTION}{name}": np.array(value) for name, value in self.options.items()}
        return {"kind": np.array(self.kind), "seed": np.array(self.seed), **named}

    @classmethod
    def of(cls, arrays: Arrays) -> "Origin":
        """What `arrays` gave."""
        options = {name.removeprefix(_OPTION): value.item() for name, value in arrays.items() if name.startswith(_OPTION)}
        return cls(str(arrays["kind"].item()), int(arrays["seed"].item()), options)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What every form of a hash function has before its arrays."""

    origin: Origin
    """How it was fitted."""

    @property
    def kind(self) -> str:
        """See `Hasher.kind`."""
        return self.origin.kind

    @property
    def seed(self) -> int:
        """See `Hasher.seed`."""
        return self.origin.seed


class Hasher(Protocol):
    """A fitted hash function: a frozen value of plain arrays that NumPy alone applies."""

    form: ClassVar[str]
    """Name in `FORMS`: how codes are computed, and so which arrays there are."""

    @property
    def origin(self) -> Origin:
        """How it was fitted."""

    @property
    def kind(self) -> str:
        """Name in `HASHERS`: how it was fitted."""

    @property
    def seed(self) -> int:
        """Of everything that was drawn when it was fitted."""

    @property
    def bits(self) -> int:
        """Length of a code, a multiple of 8."""

    @property
    def size(self) -> int:
        """D, the dimensions of a vector that it reads."""

    def codes(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The codes of vectors, packed as the Hamming space stores them.

        A code depends on its vector alone, bit for bit: not on the batch it comes in, nor on the number of threads.

        Args:
            vectors: (N, D), N may be 0. Not modified.

        Returns:
            (N, bits / 8), the first bit in the lowest of the first byte. (Papers often print codes with the first bit in the
            highest of its byte; distances are the same.)

        Raises:
            ValueError: for another D, or NaN or infinity, naming the row.
        """

    def arrays(self) -> Arrays:
        """Everything it consists of, for an `.npz`; `load_hasher` makes the same hash function of it."""

    @classmethod
    def of(cls, arrays: Arrays) -> "Hasher":
        """The hash function that gave `arrays`; a KeyError or ValueError where they are no such thing."""


class Learner(Protocol):
    """A way to fit a hash function: a frozen dataclass whose fields are its options."""

    supervised: ClassVar[bool]
    """Whether it learns from labels."""

    def fit(
        self, vectors: NDArray[np.float32], labels: Sequence[Sequence[str]], *, bits: int, seed: int, progress: Progress
    ) -> Hasher:
        """Fit. `fit_hasher` has checked vectors, bits and labels; where `supervised` is false, labels are empty.

        Args:
            vectors: (N, D) finite, N at least 2.
            labels: N label sets, none of them empty, of two different labels at least; or nothing.
            bits: length of a code.
            seed: of everything that is drawn.
            progress: called now and then where fitting takes long.

        Raises:
            HashingError: if these vectors are too few or too alike, or an option does not fit them.
        """


def checked(vectors: NDArray[Any], size: int | None = None) -> NDArray[np.float64]:
    """Vectors (N, D) in float64, every one finite and of `size` dimensions where that is given.

    Raises:
        ValueError: if they are not.
    """
    # One order in memory: sums along a row in another order differ in their last bits.
    values = np.ascontiguousarray(vectors, dtype=np.float64)
    if values.ndim != 2 or (size is not None and values.shape[1] != size):
        raise ValueError(f"vectors of this hash function have the shape (N, {size or 'D'}), got {values.shape}")
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise ValueError(f"vector {bad[0]} holds NaN or infinity")
    # -0.0 and 0.0 are the same value; from here on they are the same bytes as well.
    return values + 0.0
