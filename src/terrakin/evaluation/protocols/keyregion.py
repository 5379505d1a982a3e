"""The protocol of the key-region paper: 20 queries and 30 gallery chips of each class, 19 principal components."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.protocols.parts import of_classes, official_test, shuffled
from terrakin.evaluation.protocols.plan import Plan
from terrakin.evaluation.protocols.reduction import reduce
from terrakin.evaluation.trial import Trial

__all__ = ["KeyRegion", "KeyRegionWeighted"]


@dataclass(frozen=True, slots=True)
class KeyRegion:
    """The protocol of the key-region paper: 20 queries and 30 gallery chips of each class, 19 principal components.
    Euclidean distance of 19 principal components, fitted on the gallery; which chips are which is drawn with a seed.

    An official test part is drawn from where there is one, all chips otherwise.
    """

    queries: int = 20
    """Queries of each class."""
    gallery: int = 30
    """Gallery chips of each class."""
    size: int = 19
    """Dimensions after principal components."""

    def __post_init__(self) -> None:
        _check(self)

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        return _plan(self, labelled, seed)


@dataclass(frozen=True, slots=True)
class KeyRegionWeighted:
    """The protocol of the key-region paper with distances weighted by a classifier.
    As `keyregion`, with d (1 - p_q[c_r]) (1 - p_r[c_q]), c the predicted class.

    Whether the paper takes predicted or true classes is not published; true ones would leak the answer.
    """

    queries: int = 20
    """Queries of each class."""
    gallery: int = 30
    """Gallery chips of each class."""
    size: int = 19
    """Dimensions after principal components."""

    def __post_init__(self) -> None:
        _check(self)

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        if labelled.probabilities is None:
            raise EvaluationError(
                "protocol keyregion-weighted needs class probabilities, but these chips have none; "
                "index with a bundle that has logits, or choose keyregion"
            )
        return _plan(self, labelled, seed, probabilities=labelled.probabilities)


def _check(options: KeyRegion | KeyRegionWeighted) -> None:
    if min(options.queries, options.gallery, options.size) < 1:
        raise ValueError(f"queries, gallery and size are at least 1, got {options.queries}, {options.gallery}, {options.size}")


def _plan(options: KeyRegion | KeyRegionWeighted, labelled: Labelled, seed: int, *, probabilities: Any = None) -> Plan:
    rows, official = official_test(labelled)
    classes = of_classes(labelled, rows, "keyregion")
    needed = options.queries + options.gallery
    if short := [label for label, members in classes.items() if len(members) < needed]:
        raise EvaluationError(
            f"protocol keyregion needs {needed} chips of each class, but {short[0]!r} has {len(classes[short[0]])}; "
            f"ask for fewer with keyregion:queries=4:gallery=6"
        )
    drawn = [shuffled(members, label, seed) for label, members in classes.items()]
    queries = np.sort(np.concatenate([order[: options.queries] for order in drawn]))
    gallery = np.sort(np.concatenate([order[options.queries : needed] for order in drawn]))
    reduced = reduce(labelled, gallery, size=options.size, kind="l2", protocol="keyregion")
    facts = {
        "part": official or "all",
        "reduction": f"principal components of the gallery, {reduced.space.size} dimensions",
        "seeds": [seed],
    }
    trial = Trial(queries, gallery, reduced.vectors, reduced.space, seed, probabilities)
    return Plan((trial,), "same-class", ("map", "anmrr:2ng"), facts, reduced.warnings)
