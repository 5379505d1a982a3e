"""An outcome: the values of every query of an experiment, before anything is averaged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.experiment import Experiment
from terrakin.evaluation.measures.known import measure
from terrakin.evaluation.measures.measure import Measure
from terrakin.evaluation.scoring import Scores, Scoring, score
from terrakin.evaluation.ties import TieRule, parse_ties
from terrakin.progress import Progress, silent

__all__ = ["Outcome", "conduct"]

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Values of V queries; a query that was asked in several trials is there several times."""

    experiment: Experiment
    """What was done."""
    ties: TieRule
    """What was done about ties."""
    measures: tuple[Measure, ...]
    """M measures."""
    trials: tuple[Scores, ...]
    """Scores of each trial."""
    excluded: int
    """Queries for which a measure is undefined, over all trials."""
    warnings: tuple[str, ...]
    """What is not as it should be."""

    @property
    def queries(self) -> Rows:
        """(V,) rows of the queries."""
        return np.concatenate([one.queries for one in self.trials])

    @property
    def values(self) -> NDArray[np.float64]:
        """(V, M) values."""
        return np.concatenate([one.values for one in self.trials])

    @property
    def classes(self) -> tuple[list[str], Rows] | None:
        """Sorted names of the queries' classes, and the number of each query's (V,); None where a query has not just one."""
        labels = self.experiment.labelled.labels
        found = [labels[row] for row in self.queries.tolist()]
        if self.experiment.labelled.multi_label or not all(found):
            return None
        names, numbers = np.unique([one[0] for one in found], return_inverse=True)
        return names.tolist(), numbers


def conduct(
    experiment: Experiment,
    *,
    measures: Sequence[str] | None = None,
    ties: str = "id",
    expected: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Outcome:
    """Measure every query of an experiment.

    Args:
        experiment: what is asked.
        measures: names; the protocol's own where not given.
        ties: `id`, `expected`, `best`, `worst`, `sample` or `sample:NUMBER`.
        expected: also compute means over all orders of tied chips, where there is a closed form.
        seed: of sampled orders.
        progress: told how many queries are done.

    Raises:
        UnknownNameError: for a measure that does not exist.
        EvaluationError: if a measure or the tie rule cannot be computed on these chips, or no query has a relevant chip.
    """
    rule = parse_ties(ties)
    chosen, warnings = _measures(experiment, measures, rule)
    total = sum(len(trial.queries) for trial in experiment.plan.trials)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    scoring = Scoring(chosen, rule, expected, seed)
    scored = [score(trial, experiment.labelled, experiment.rule, scoring, advance=advance) for trial in experiment.plan.trials]
    excluded = sum(len(rows) for _, rows in scored)
    if any(len(scores.queries) == 0 for scores, _ in scored):
        raise EvaluationError(
            "no query has a chip of any gain in the gallery, so there is nothing to measure; label more chips"
        )
    return Outcome(
        experiment,
        rule,
        chosen,
        tuple(scores for scores, _ in scored),
        excluded,
        (*experiment.plan.warnings, *warnings),
    )


def _measures(experiment: Experiment, names: Sequence[str] | None, ties: TieRule) -> tuple[tuple[Measure, ...], list[str]]:
    chosen = tuple(measure(name) for name in dict.fromkeys(experiment.plan.measures if names is None else names))
    warnings = []
    if ties.kind == "expected":
        without = [one.name for one in chosen if one.formula.expected is None]
        if without and names is not None:
            raise EvaluationError(
                f"ties: there is no expected value of {', '.join(without)}; leave it out, or use ties id, sample, best or worst"
            )
        if without:
            warnings.append(f"{', '.join(without)} left out: no expected value over ties is known; ties id measures them")
        chosen = tuple(one for one in chosen if one.formula.expected is not None)
    if not chosen:
        raise EvaluationError("no measure is left to compute; name at least one, such as map or p@10")
    gallery = min(trial.ranked for trial in experiment.plan.trials)
    if beyond := [one.name for one in chosen if one.cutoff is not None and one.cutoff > gallery]:
        warnings.append(f"{', '.join(beyond)} look beyond the end of the gallery of {gallery}")
    return chosen, warnings
