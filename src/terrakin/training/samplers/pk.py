"""The sampler `pk`: P classes with K images each, for losses that compare the images of a batch.

Schroff et al., FaceNet: a unified embedding for face recognition and clustering, CVPR 2015, section 3.2; the name is that of
Hermans et al., In defense of the triplet loss for person re-identification, 2017, section 2.
"""

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import RecipeError
from terrakin.training.samplers.sampler import drawn, of_one_class

__all__ = ["PK"]


class PK:
    """See `Sampler`. Classes of a batch are all different, and come in rounds, each at most once a round.

    Where P does not divide the number of classes, a round leaves out those that it drew last. A class with fewer than K images
    repeats them.
    """

    def __init__(
        self,
        labels: NDArray[np.int64],
        batch: int,
        seed: int,
        *,
        classes_per_batch: int | None = None,
        images_per_class: int = 4,
    ) -> None:
        """Plan batches.

        Args:
            labels: (n,) int64.
            batch: P x K.
            seed: of every draw.
            classes_per_batch: P; what makes the batch where None.
            images_per_class: K.

        Raises:
            RecipeError: if P x K is not the batch, or there are fewer than P classes.
        """
        labels = of_one_class(labels, batch)
        if images_per_class < 1:
            raise RecipeError(f"images_per_class must be at least 1, got {images_per_class}")
        classes = max(1, batch // images_per_class) if classes_per_batch is None else classes_per_batch
        if classes * images_per_class != batch:
            raise RecipeError(
                f"a batch of {batch} is not {classes} classes x {images_per_class} images; change the batch to "
                f"{max(1, classes) * images_per_class}, or classes_per_batch or images_per_class"
            )
        self._members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        if classes > len(self._members):
            raise RecipeError(
                f"classes_per_batch is {classes}, but the training images are of {len(self._members)} classes; "
                "take more images_per_class, or a smaller batch"
            )
        self._classes, self._each, self._count, self._seed = classes, images_per_class, len(labels), seed

    @property
    def steps(self) -> int:
        """See `Sampler.steps`; as many as `shuffled` would take."""
        return max(1, self._count // (self._classes * self._each))

    def rows(self, step: int) -> NDArray[np.int64]:
        """See `Sampler.rows`; the images of a class lie together."""
        turn, position = divmod(step, len(self._members) // self._classes)
        order = drawn(self._seed, 0, turn).permutation(len(self._members))
        chosen = order[position * self._classes : (position + 1) * self._classes]
        return np.concatenate([self._some(number, step) for number in chosen.tolist()])

    def _some(self, number: int, step: int) -> NDArray[np.int64]:
        members = self._members[number]
        return np.resize(drawn(self._seed, 1, number, step).permutation(members), self._each)
