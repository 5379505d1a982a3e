"""Multi-code hashing: a code for each kind of region that an image shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.hasher import Hasher
from terrakin.regions.describer import Describer
from terrakin.regions.primitives import Primitives, shown
from terrakin.spaces.hamming import pack_bits
from terrakin.spaces.kinds import Packed
from terrakin.spaces.space import Missing, Space

__all__ = ["Asked", "MultiCode", "regions_of", "sparse_bytes"]

T = TypeVar("T")

_BLOCK = 1024
# Images at a time: a million images by eight primitives would be 4 GB of descriptors.


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """An image as a query."""

    codes: Packed
    """(W,) packed."""
    threshold: float
    """The one that was used."""
    lowered: bool
    """True where no region reached the fitted threshold, so that it was lowered to the largest posterior there is."""


@dataclass(frozen=True, eq=False)
class MultiCode:
    """A fitted way from an image to a set of codes: regions, primitives, and a hash function for each primitive.

    Reato, Demir and Bruzzone, An unsupervised multicode hashing method for accurate and scalable remote sensing image
    retrieval, IEEE GRSL 16(2), 2019.
    """

    describer: Describer
    """How images are cut into regions and these described."""
    primitives: Primitives
    """Kinds of regions."""
    kept: tuple[int, ...]
    """Numbers of the primitives that have a code; too few images showed the others."""
    hashers: tuple[Hasher, ...]
    """A hash function for each that is kept, all of as many bits."""
    threshold: float
    """Posterior from which on a region is of a primitive."""
    missing: Missing
    """What counts where a chip lacks a code; see `Space.missing`."""

    def __post_init__(self) -> None:
        if not self.hashers or len(self.hashers) != len(self.kept):
            raise ValueError(f"each primitive that is kept has a hash function, got {len(self.hashers)} for {len(self.kept)}")
        if len({hasher.bits for hasher in self.hashers}) > 1:
            raise ValueError("codes of a set are of one length")
        if list(self.kept) != sorted(set(self.kept)) or self.kept[0] < 0:
            raise ValueError(f"primitives that are kept are told by their numbers, each once and in order, got {self.kept}")
        # Written so that NaN is refused as well: no region would reach it, and no image show anything.
        if not self.threshold >= 0:
            raise ValueError(f"a threshold is at least 0, got {self.threshold}")

    @property
    def space(self) -> Space:
        """How its code sets compare."""
        return Space("codeset", self.hashers[0].bits, codes=len(self.hashers), missing=self.missing)

    def encode(self, regions: Sequence[NDArray[np.floating]]) -> Packed:
        """The code sets of images, as an archive keeps them.

        Args:
            regions: of each image, the descriptors (n, G) of its regions.

        Returns:
            (N, `space.width`) uint8: bits of presence, then the codes; where an image lacks a primitive, zero bits, or by the
            rule `zero-code` the code of a zero vector.

        Raises:
            ValueError: if descriptors are of another size.
        """
        blocks = [self._encoded(block) for block in _batched(regions, _BLOCK)]
        return np.concatenate([np.empty((0, self.space.width), np.uint8), *blocks])

    def ask(self, regions: NDArray[np.floating]) -> Asked:
        """The code set of an image that is a query: it always has a code, by a lower threshold where it must be.

        Args:
            regions: (n, G) descriptors of its regions, at least one.

        Raises:
            ValueError: if there is none, or they are of another size.
        """
        if not len(regions):
            raise ValueError("a query has at least one region")
        standardised = self.primitives.standard.apply(regions)
        largest = float(self._posteriors(standardised).max())
        threshold = min(self.threshold, largest)
        descriptors, there = self._shown(standardised, threshold)
        return Asked(self._packed(descriptors[None], there[None])[0], threshold, lowered=largest < self.threshold)

    def cached(self, folder: Path) -> "MultiCode":
        """The same, with a folder that keeps descriptors of regions."""
        return replace(self, describer=replace(self.describer, cache=folder))

    @cached_property
    def zero_codes(self) -> NDArray[np.uint8]:
        """(n, bits / 8) the code of a zero vector by each hash function."""
        return np.concatenate([hasher.codes(np.zeros((1, hasher.size), np.float32)) for hasher in self.hashers])

    def _encoded(self, regions: Sequence[NDArray[np.floating]]) -> Packed:
        parts = [self._shown(self.primitives.standard.apply(each), self.threshold) for each in regions]
        return self._packed(np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts]))

    def _shown(self, standardised: NDArray[np.float64], threshold: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        return shown(standardised, self._posteriors(standardised), threshold=threshold)

    def _posteriors(self, standardised: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.primitives.posteriors(standardised)[:, list(self.kept)]

    def _packed(self, descriptors: NDArray[np.float64], there: NDArray[np.bool_]) -> Packed:
        """Descriptors of primitives (N, n, G) and their presence (N, n) as code sets."""
        codes = np.zeros((*there.shape, self.hashers[0].bits // 8), np.uint8)
        if self.missing == "zero-code":
            codes[:] = self.zero_codes
        for number, hasher in enumerate(self.hashers):
            have = there[:, number]
            codes[have, number] = hasher.codes(descriptors[have, number].astype(np.float32))
        return np.hstack([pack_bits(there), codes.reshape(len(there), -1)])


def regions_of(describer: Describer, values: NDArray[np.floating]) -> list[NDArray[np.float32]]:
    """Descriptors of the regions of images.

    Args:
        describer: cuts and describes.
        values: (N, C, H, W) in [0, 1], as chips are read.

    Returns:
        Of each image (n, 35 + 10 C) float32, a row for each region.

    Raises:
        ValueError: for another shape, or NaN.
    """
    if values.ndim != 4:
        raise ValueError(f"images have the shape (N, C, H, W), got {values.shape}")
    # Resampling can leave the range by a rounding error.
    return [describer(image) for image in np.clip(np.moveaxis(values, 1, 3), 0, 1)]


def sparse_bytes(space: Space, sets: Packed) -> float:
    """Mean bytes that an image would take if only the codes that are there were stored, and their presence.

    >>> sparse_bytes(Space("codeset", 32, codes=8), np.array([[0b11] + [0] * 32, [0b1111] + [0] * 32], dtype=np.uint8))
    13.0
    """
    head = -(-space.codes // 8)
    held = float(np.bitwise_count(sets[:, :head]).sum(axis=1).mean())
    return held * space.size / 8 + head


def _batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
