"""Fitting multi-code hashing on the images of an archive."""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError
from terrakin.hashing.hasher import Option
from terrakin.hashing.known import fit_hasher, usable
from terrakin.hashing.multicode import MultiCode
from terrakin.progress import Progress, silent
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
    hash: str = "kulsh",  # noqa: A002 - the option's name
    labels: Sequence[Sequence[str]] | None = None,
    missing: Missing = "half",
    describer: Describer | None = None,
    sample: int = SAMPLE,
    seed: int = 0,
    progress: Progress = silent,
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
        hash: name in `HASHERS` of what codes each primitive. Every one has its own function, so that `mhcln` and `dhn` train
            a network for each.
        labels: label sets of the images, for a hash function that learns from labels. Images without a label are left out of
            fitting it; primitives are found without labels.
        missing: what counts where an image lacks a code that a query has; see `Space.missing`.
        describer: what made the descriptors, and makes them of new images; the default one where None.
        sample: regions to cluster, drawn at random where there are more.
        seed: of everything that is drawn.
        progress: called now and then where fitting a hash function takes long.
        options: those of the hash function.

    Raises:
        HashingError: if there are too few regions, no primitive that at least 20 images show, or a hash function that cannot
            be fitted to what images show of a primitive; if labels are missing.
        UnknownNameError: if there is no hash function of that name.
        MissingExtraError: if scikit-learn is not installed, or what the hash function needs.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"a threshold is from 0 to 1, got {threshold}")
    rows = usable(hash, len(regions), labels)  # before the work, which would be in vain
    if isinstance(primitives, int):
        try:
            primitives = fit_mixture(_stacked(regions), clusters=primitives, sample=sample, seed=seed)
        except ValueError as exc:
            raise HashingError(f"cannot find primitives: {exc}; give more images") from exc
    descriptors, there = _shown([regions[row] for row in rows], primitives, threshold)
    known = None if labels is None else [labels[row] for row in rows]
    kept, hashers = [], []
    for number, name in enumerate(primitives.names):
        have = np.flatnonzero(there[:, number])
        if len(have) < FEWEST:
            _log.warning("%s is shown by %d images and dropped; at least %d are needed", name, len(have), FEWEST)
            continue
        kept.append(number)
        vectors = descriptors[have, number].astype(np.float32)
        of_these = None if known is None else [known[row] for row in have]
        try:
            # One seed each: with equal ones, the codes of two primitives would be of the same random choices.
            own = seed + number
            hashers.append(fit_hasher(hash, vectors, bits=bits, labels=of_these, seed=own, progress=progress, **options))
        except HashingError as exc:
            raise HashingError(
                f"{name}, which {len(have)} images show, cannot be coded: {exc}; with fewer primitives or a lower threshold "
                "more images show each"
            ) from exc
    if not kept:
        raise HashingError(
            f"no primitive can be coded: at least {FEWEST} images must show it, and there are {len(rows)} images; give more "
            "images, fewer primitives or a lower threshold"
        )
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
