"""The protocol of G-CNN on NWPU: a tenth of each class, leave-one-out, judged by hit rates."""

from dataclasses import dataclass

import numpy as np

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.protocols.parts import of_classes, official_test, share_of, shuffled
from terrakin.evaluation.protocols.plan import Plan
from terrakin.evaluation.trial import Trial

__all__ = ["GcnnNwpu"]


@dataclass(frozen=True, slots=True)
class GcnnNwpu:
    """The protocol of G-CNN on NWPU: a tenth of each class, leave-one-out, judged by hit rates.
    Queries and gallery are not published; the tenth that was not trained on, leave-one-out, is our choice.

    An official test part is taken as it is; without one a tenth of each class is drawn. The paper prints "Recall@n".
    """

    share: float = 0.1
    """Share of each class that is drawn, rounded down; only where there is no official test part."""

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share is in (0, 1], got {self.share}")

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        rows, official = official_test(labelled)
        classes = of_classes(labelled, rows, "gcnn-nwpu")
        share = 1.0 if official else self.share
        drawn = [shuffled(members, label, seed)[: share_of(len(members), share)] for label, members in classes.items()]
        tests = np.sort(np.concatenate(drawn))
        if len(tests) < 2:
            raise EvaluationError(
                f"protocol gcnn-nwpu leaves {len(tests)} of {len(rows)} chips to ask; index more, or choose loo"
            )
        facts = {"part": official or f"{self.share:g} of each class, drawn", "seeds": [] if official else [seed]}
        trial = Trial(tests, tests, labelled.vectors, labelled.space)
        return Plan((trial,), "same-class", ("hitrate@1", "hitrate@2", "hitrate@4", "hitrate@8"), facts)
