"""Vocabularies: the visual words that keypoints are told apart by, and how many of each an image shows.

Sivic and Zisserman, Video Google, ICCV 2003; on images of the ground Yang and Newsam, ACM GIS 2010.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.words.sift import SIZE

__all__ = ["SAMPLE", "Vocabulary", "fit_vocabulary"]

Descriptors = NDArray[np.uint8]

SAMPLE = 100_000
"""Keypoints that a vocabulary is fitted on; all where there are fewer."""

_ROUNDS = 100
# Times that words move at most. Of 100,000 keypoints of UC Merced one in 10,000 still changes its word then.

_BLOCK = 8192
# Keypoints compared with all words at a time: 16 MB for 512 words.


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Visual words: kinds of keypoints, each the mean of many."""

    words: Descriptors
    """(V, 128), in whole numbers as descriptors are. All there is to save: `np.save` and `Vocabulary(np.load(...))`."""

    def __post_init__(self) -> None:
        _check(self.words, "words")
        if len(self.words) < 2:
            raise ValueError(f"a vocabulary has at least 2 words, got {len(self.words)}")

    def histograms(self, described: Sequence[Descriptors]) -> NDArray[np.float32]:
        """What share of the keypoints of each of N images is nearest to each word.

        Args:
            described: N images' descriptors (n, 128), as `sift` gives them; n may differ and be 0.

        Returns:
            (N, V), rows summing to 1. An image without keypoints has the same share of every word, which is a histogram like
            any other and next to no image that has keypoints.

        Raises:
            ValueError: if descriptors have another shape or type.

        >>> vocabulary = Vocabulary(np.array([[0] * 128, [9] * 128], dtype=np.uint8))
        >>> vocabulary.histograms([np.full((4, 128), [[1], [8], [7], [9]], dtype=np.uint8), np.empty((0, 128), dtype=np.uint8)])
        array([[0.25, 0.75],
               [0.5 , 0.5 ]], dtype=float32)
        """
        result = np.full((len(described), len(self.words)), 1 / len(self.words), dtype=np.float32)
        for row, descriptors in enumerate(described):
            _check(descriptors, "descriptors")
            if len(descriptors):
                result[row] = np.bincount(_nearest(descriptors, self.words), minlength=len(self.words)) / len(descriptors)
        return result


def fit_vocabulary(described: Sequence[Descriptors], *, words: int = 512, sample: int = SAMPLE, seed: int = 0) -> Vocabulary:
    """Cluster keypoints by k-means, whose means are rounded to whole numbers.

    Descriptors are whole numbers, so that all distances are exact: equal ones and seeds give equal words on every machine.

    Args:
        described: descriptors (n, 128) of each image to learn from, as `sift` gives them. Not modified.
        words: how many, at least 2.
        sample: keypoints to fit on, drawn at random from all images where there are more.
        seed: of the sample and of the keypoints that words start from.

    Raises:
        ValueError: if fewer than `words` keypoints of the sample are different, or descriptors have another shape or type.
    """
    for descriptors in described:
        _check(descriptors, "descriptors")
    rng = np.random.default_rng(seed)
    keypoints = np.concatenate([np.empty((0, SIZE), dtype=np.uint8), *described])
    if len(keypoints) > sample:
        keypoints = keypoints[np.sort(rng.choice(len(keypoints), sample, replace=False))]
    different = np.unique(keypoints, axis=0)
    if len(different) < words:
        raise ValueError(f"{words} words need as many different keypoints, and there are {len(different)}; give more images")
    return Vocabulary(_moved(different[rng.choice(len(different), words, replace=False)], keypoints))


def _moved(words: Descriptors, keypoints: Descriptors) -> Descriptors:
    """Words (V, 128) moved to the rounded means of the keypoints nearest to them, again and again until none moves."""
    for _ in range(_ROUNDS):
        nearest = _nearest(keypoints, words)
        there, first = np.unique(np.sort(nearest), return_index=True)
        grouped = keypoints[np.argsort(nearest, kind="stable")]
        sums = np.add.reduceat(grouped, first, axis=0, dtype=np.int64)
        moved = words.copy()  # A word to which no keypoint is nearest stays where it is.
        moved[there] = np.rint(sums / np.bincount(nearest)[there, np.newaxis])
        if np.array_equal(moved, words):
            break
        words = moved
    return words


def _nearest(descriptors: Descriptors, words: Descriptors) -> NDArray[np.int64]:
    """The word (n,) nearest to each descriptor (n, 128), the first of equally near ones."""
    # |w|^2 - 2 d.w. In float32 it is exact, for 2 x 128 x 255^2 is below 2^24; no order of adding changes it.
    across = words.T.astype(np.float32)
    lengths = (across**2).sum(axis=0)
    parts = [descriptors[start : start + _BLOCK] for start in range(0, len(descriptors), _BLOCK)]
    return np.concatenate([(lengths - 2 * (part.astype(np.float32) @ across)).argmin(axis=1) for part in parts])


def _check(values: Descriptors, name: str) -> None:
    if values.ndim != 2 or values.shape[1] != SIZE or values.dtype != np.uint8:
        raise ValueError(f"{name} are (n, {SIZE}) uint8, got {values.shape} {values.dtype}")
