"""Leave-one-out: every chip is a query, all others are its gallery."""

from dataclasses import dataclass

import numpy as np

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.protocols.parts import official_test
from terrakin.evaluation.protocols.plan import Plan, default_measures, default_relevance
from terrakin.evaluation.trial import Trial

__all__ = ["LeaveOneOut"]


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """Leave-one-out: every chip is a query, all others are its gallery.
    The default: no random choice, and the smallest variance that a collection allows.
    """

    part: str = "all"
    """`all` chips, or those of the official `test` part."""

    def __post_init__(self) -> None:
        if self.part not in ("all", "test"):
            raise ValueError(f"part is all or test, got {self.part!r}")

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        rows, found = np.arange(len(labelled.ids)), "all"
        if self.part == "test":
            rows, official = official_test(labelled)
            if official is None:
                raise EvaluationError("protocol loo:part=test needs an official split, but these chips have none; choose loo")
            found = official
        if len(rows) < 2:
            raise EvaluationError(f"leave-one-out needs at least 2 chips, got {len(rows)}; index more")
        trial = Trial(rows, rows, labelled.vectors, labelled.space)
        return Plan((trial,), default_relevance(labelled), default_measures(labelled), {"part": found})
