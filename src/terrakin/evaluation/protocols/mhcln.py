"""The protocol of MHCLN's public code: the last four tenths of each class, leave-one-out, by Hamming distance."""

from dataclasses import dataclass

import numpy as np

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.protocols.parts import of_classes, share_of
from terrakin.evaluation.protocols.plan import Plan
from terrakin.evaluation.trial import Trial

__all__ = ["Mhcln"]


@dataclass(frozen=True, slots=True)
class Mhcln:
    """The protocol of MHCLN's public code: the last four tenths of each class, leave-one-out, by Hamming distance.
    The first six tenths of each class in the order of ids train (60 of 100 on UCM); each of the others asks all the others.

    Ties are by id, as they were by the order of the file. The published mAP is `map@20:found`.
    """

    train: float = 0.6
    """Share of each class for training, rounded up."""

    def __post_init__(self) -> None:
        if not 0 <= self.train < 1:
            raise ValueError(f"train is in [0, 1), got {self.train}")

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        if labelled.space.kind != "hamming":
            raise EvaluationError(
                f"protocol mhcln compares hash codes by Hamming distance, but these vectors are {labelled.space.kind}; "
                "ask codes (`terrakin evaluate ARCHIVE --codes`, made by `terrakin index --hash`), or choose loo"
            )
        classes = of_classes(labelled, np.arange(len(labelled.ids)), "mhcln")
        # n - floor((1 - train) n) is ceil(train n).
        tests = np.sort(np.concatenate([rows[len(rows) - share_of(len(rows), 1 - self.train) :] for rows in classes.values()]))
        if len(tests) < 2:
            raise EvaluationError(f"protocol mhcln leaves {len(tests)} of {len(labelled.ids)} chips to ask; index more")
        facts = {"train": sum(map(len, classes.values())) - len(tests)}
        trial = Trial(tests, tests, labelled.vectors, labelled.space)
        return Plan((trial,), "same-class", ("map@20:found", "map", "p@10", "p@20"), facts)
