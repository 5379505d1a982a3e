"""Parts of the images: what trains, what validates, what is kept apart to see how new classes are found."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import RecipeError
from terrakin.registry import nearest
from terrakin.training.images import Images

__all__ = ["Parts", "split"]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Rows of `Images`: every row is in one part, each part ascending."""

    train: NDArray[np.int64]
    """(n,) rows that are trained on; at least one of every class that is not left out."""
    validation: NDArray[np.int64]
    """(n,) rows of the same classes that no step sees."""
    left_out: NDArray[np.int64]
    """(n,) rows of the classes that no step sees; of several labels of an image, one is enough."""


def split(images: Images, *, validation: float = 0.0, left_out: Sequence[str] = ()) -> Parts:
    """Split images by hashes of their ids: no image changes its part when others are added.

    An image validates where its hash, as a fraction, is below the share, so the share is met on average and not in each class.
    A class of few images may so have none to validate; one that would have none to train keeps the one of the highest hash.
    Images with a guessed label only train, whatever their hash: they measure nothing.

    Args:
        images: what is split.
        validation: share of the images of the trained classes, in [0, 1).
        left_out: names of classes of which nothing trains or validates.

    Raises:
        RecipeError: if the share is out of range, a class is not there, or fewer than two classes are left to train.
    """
    if not 0 <= validation < 1:
        raise RecipeError(f"the share of validation images must be at least 0 and below 1, got {validation}")
    unknown = next((name for name in left_out if name not in images.classes), None)
    if unknown is not None:
        meant = nearest(unknown, images.classes)
        raise RecipeError(
            f"no class {unknown!r} to leave out{f';{meant}' if meant else '.'} The images are of {', '.join(images.classes)}"
        )
    trained = [number for number, name in enumerate(images.classes) if name not in left_out]
    if len(trained) < 2:
        raise RecipeError(
            f"training needs two classes, but of {len(images.classes)} all but {len(trained)} are left out; leave out fewer"
        )
    sure = len(images.ids) - images.guessed
    hashes = np.array([*map(_fraction, images.ids[:sure]), *(1.0,) * images.guessed])
    has = _incidence(images)
    # An image of several labels shows what is left out where one of them is.
    kept = np.asarray(has[:, trained].any(axis=1) & ~np.delete(has, trained, axis=1).any(axis=1), np.bool_)
    validates = kept & (hashes < validation)
    for number in trained:
        rows = np.flatnonzero(kept[:sure] & has[:sure, number])
        if len(rows) and validates[rows].all():
            validates[rows[np.argmax(hashes[rows])]] = False
    return Parts(np.flatnonzero(kept & ~validates), np.flatnonzero(validates), np.flatnonzero(~kept))


def _incidence(images: Images) -> NDArray[np.bool_]:
    """(N, classes): which image has which label."""
    if images.sets:
        return images.labels.astype(np.bool_)
    incidence = np.zeros((len(images.ids), len(images.classes)), np.bool_)
    incidence[np.arange(len(images.ids)), images.numbers] = True
    return incidence


def _fraction(name: str) -> float:
    """A number in [0, 1) that looks drawn at random and is always the same for an id."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest()) / 2**48
