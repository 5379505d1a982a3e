"""The sampler `balanced`: every class equally often, however many images it has."""

import numpy as np
from numpy.typing import NDArray

from terrakin.training.samplers.sampler import drawn, of_one_class

__all__ = ["Balanced"]


class Balanced:
    """See `Sampler`. Classes are dealt in rounds, each class once a round.

    A class deals its images from a deck that is shuffled again when it is through, so they too come equally often.
    An epoch is as long as one of `shuffled`.
    """

    def __init__(self, labels: NDArray[np.int64], batch: int, seed: int) -> None:
        labels = of_one_class(labels, batch)
        self._members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self._count, self._batch, self._seed = len(labels), batch, seed

    @property
    def steps(self) -> int:
        """See `Sampler.steps`."""
        return max(1, self._count // self._batch)

    def rows(self, step: int) -> NDArray[np.int64]:
        """See `Sampler.rows`."""
        dealt = range(step * self._batch, (step + 1) * self._batch)
        classes = len(self._members)
        orders = {
            number: drawn(self._seed, 0, number).permutation(classes)
            for number in range(dealt.start // classes, (dealt.stop - 1) // classes + 1)
        }
        # A class comes once a round, so the number of the round counts the images that it has dealt before.
        turns = [(int(orders[place // classes][place % classes]), place // classes) for place in dealt]
        return np.array([self._card(number, turn) for number, turn in turns], np.int64)

    def _card(self, number: int, turn: int) -> int:
        members = self._members[number]
        deck, position = divmod(turn, len(members))
        return int(members[drawn(self._seed, 1, number, deck).permutation(len(members))[position]])
