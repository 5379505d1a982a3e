"""The protocol of multi-code hashing: leave-one-out over label sets, judged by the labels that are found."""

from dataclasses import dataclass, replace

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.protocols.loo import LeaveOneOut
from terrakin.evaluation.protocols.plan import Plan

__all__ = ["MultiCode"]


@dataclass(frozen=True, slots=True)
class MultiCode:
    """The protocol of multi-code hashing: leave-one-out over label sets, judged by the labels that are found.
    Queries, gallery and the number of hits are not published; leave-one-out and 20 are our choice.
    """

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        if not labelled.multi_label:
            raise EvaluationError(
                "protocol multicode compares label sets, but no chip has more than one label; "
                "give these chips their label sets, or choose loo"
            )
        return replace(LeaveOneOut().plan(labelled, seed=seed), measures=("label-recall@20",))
