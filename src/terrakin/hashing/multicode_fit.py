"""Fitting multi-code hashing on the images of an archive."""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError
from terrakin.hashing.hasher import Option
from terrakin.hashing.known import fit_hasher
from terrakin.hashing.multicode import MultiCode
from terrakin.regions.describer import Describer
from terrakin.regions.mixture import SAMPLE, fit_mixture
from terrakin.regions.primitives import Primitives, shown
from terrakin.spaces.space import Missing

__all__ = ["FEWEST", "fit_multi_code"]

FEWEST = 20
"""Images that must show a primitive for it to have a code."""

_log = logging.getLogger(__name__)


def fit_multi_code(
    regions: Sequence[NDArray[np.floating]],
    *,
    primitives: int | Primitives = 8,
    threshold: float = 0.5,
    bits: int = 32,
    hasher: str = "kulsh",
    missing: Missing = "half",
    describer: Describer | None = None,
    sample: int = SAMPLE,
    seed: int = 0,
    **options: Option,
) -> MultiCode:
    """Find the kinds of regions that images show, and fit a hash function for each.

    Each hash function is fitted on the images that show its primitive: what the others have in its place is no vector.

    Args:
        regions: of each image, the descriptors (n, G) of its regions.
        primitives: how many to find by clustering, or those that were learned from labelled regions. One is the control: the
            mean of all regions and a single code.
        threshold: posterior from which on a region is of a primitive, in [0, 1]; at most 1 / primitives, every region counts.
        bits: length of a code, a multiple of 8.
        hasher: name of a hash function that needs no labels.
        missing: what counts where an image lacks a code that a query has; see `Space.missing`.
        describer: what made the descriptors, and makes them of new images; the default one where None.
        sample: regions to cluster, drawn at random where there are more.
        seed: of everything that is drawn.
        options: those of the hash function.

    Raises:
        HashingError: if there are too few regions, or no primitive that at least 20 images show.
        MissingExtraError: if scikit-learn is not installed.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"a threshold is from 0 to 1, got {threshold}")
    if isinstance(primitives, int):
        try:
            primitives = fit_mixture(_stacked(regions), clusters=primitives, sample=sample, seed=seed)
        except ValueError as exc:
            raise HashingError(f"cannot find primitives: {exc}; give more images") from exc
    descriptors, there = _shown(regions, primitives, threshold)
    kept, hashers = [], []
    for number, name in enumerate(primitives.names):
        have = there[:, number]
        if have.sum() < FEWEST:
            _log.warning("%s is shown by %d images and dropped; at least %d are needed", name, have.sum(), FEWEST)
            continue
        kept.append(number)
        # One seed each: with equal ones, the codes of two primitives would be of the same random choices.
        vectors = descriptors[have, number].astype(np.float32)
        hashers.append(fit_hasher(hasher, vectors, bits=bits, labels=None, seed=seed + number, **options))
    if not kept:
        raise HashingError(f"no primitive is shown by {FEWEST} of {len(regions)} images; give more, or lower the threshold")
    return MultiCode(describer or Describer(), primitives, tuple(kept), tuple(hashers), threshold, missing)


def _stacked(regions: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
    if not len(regions):
        raise HashingError("cannot find primitives without images")
    return np.concatenate(list(regions))


def _shown(
    regions: Sequence[NDArray[np.floating]], primitives: Primitives, threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What each image shows of each primitive: (N, n, G) and (N, n)."""
    parts = []
    for each in regions:
        standardised = primitives.standard.apply(each)
        parts.append(shown(standardised, primitives.posteriors(standardised), threshold=threshold))
    return np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts])
