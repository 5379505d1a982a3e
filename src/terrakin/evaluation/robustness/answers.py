"""What came back: the values of every query under every distortion, before anything is averaged."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.distortions.distortion import Distortion, Image, distorted
from terrakin.evaluation.experiment import Experiment
from terrakin.evaluation.outcome import conduct
from terrakin.evaluation.rankings import rank
from terrakin.evaluation.trial import Trial
from terrakin.spaces.kinds import distances

__all__ = ["MEASURES", "Advance", "Answers", "Embed", "Variants", "ask", "steps_of"]

MEASURES = ("map", "p@10")
"""What is measured of every ranking."""

Rows = NDArray[np.int64]
Variants = Callable[[str, Image], Sequence[Image]]
"""From a chip's id and its image to S images."""
Advance = Callable[[int], None]
"""Told how many more images are embedded."""
Embed = Callable[[Sequence[str], Variants, Advance], NDArray[Any]]
"""From n ids and the variants that are wanted of each to (S, n, W) packed vectors."""

_BLOCK = 512
"""Queries whose vectors are held at once."""

_SAME = 0.01
"""How far a chip that is read again may lie from its vector, as a share of the median distance of chips: a hundred times what
rounding makes of it, and less than the smallest distortion does."""

_ROUNDING = 1e-6
# Of a distance, where all chips are alike.

_FEW = 8
"""Queries that tell that median."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Values of Q queries in T steps: the first undistorted, then every strength of every distortion."""

    values: NDArray[np.float64]
    """(T, Q, M) of each measure, with the original left out of the ranking."""
    ranks: Rows
    """(T, Q) place of the original in the whole gallery, from 1, ties by id."""


def ask(experiment: Experiment, queries: Rows, distortions: Sequence[Distortion], embed: Embed, *, advance: Advance) -> Answers:
    """Ask with distorted queries, a distortion at a time and some hundred queries at a time: memory is flat in both.

    Args:
        experiment: leave-one-out over undistorted chips.
        queries: (Q,) rows that ask, ascending; each has a relevant chip in the gallery.
        distortions: what is done to them.
        embed: gives vectors of variants of chips, made as those of the gallery were.
        advance: told how many more images are embedded; Q times T in all.

    Raises:
        EvaluationError: if a chip that is read again is not what was indexed.
    """
    steps = steps_of(distortions)
    values = np.empty((steps, len(queries), len(MEASURES)))
    ranks = np.empty((steps, len(queries)), dtype=np.int64)
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        for step, trial in enumerate(_trials(experiment, queries[block], distortions, embed, advance)):
            values[step, block] = _values(experiment, trial)
            ranks[step, block] = _ranks(experiment, trial)
    return Answers(values, ranks)


def steps_of(distortions: Sequence[Distortion]) -> int:
    """T: one for the reference, and one for each strength of each distortion."""
    return 1 + sum(len(distortion.strengths) for distortion in distortions)


def _trials(
    experiment: Experiment, queries: Rows, distortions: Sequence[Distortion], embed: Embed, advance: Advance
) -> Iterator[Trial]:
    """The trial of each step for some queries. Undistorted ones ask with the vectors that the gallery has of them."""
    ids = [experiment.labelled.ids[row] for row in queries.tolist()]
    plain = replace(experiment.plan.trials[0], queries=queries)
    _must_be_unchanged(plain, ids, embed(ids, lambda _, image: [image], advance)[0])
    yield plain
    for distortion in distortions:
        for vectors in embed(ids, _variants(distortion), advance):
            yield replace(plain, asked=vectors)


def _variants(distortion: Distortion) -> Variants:
    return lambda key, image: [distorted(distortion, image, strength, key=key) for strength in distortion.strengths]


def _values(experiment: Experiment, trial: Trial) -> NDArray[np.float64]:
    outcome = conduct(replace(experiment, plan=replace(experiment.plan, trials=(trial,))), measures=MEASURES)
    return outcome.values


def _ranks(experiment: Experiment, trial: Trial) -> Rows:
    """(Q,) place of each query's own chip in the whole gallery, from 1; ties by id."""
    ranks = []
    for block in rank(replace(trial, include_self=True), experiment.labelled.ids):
        own = trial.gallery[block.places] == block.queries[:, None]
        ranks.append(1 + np.argmax(own, axis=1))
    return np.concatenate(ranks)


def _must_be_unchanged(trial: Trial, ids: Sequence[str], again: NDArray[Any]) -> None:
    """A file that changed since it was indexed would look like a model that bears nothing."""
    stored = trial.vectors[trial.queries]
    typical = float(np.median(distances(trial.space, stored[:_FEW], trial.vectors[trial.gallery])))
    # Of bits, one may flip by rounding.
    slack = max(_SAME * typical, 1.0 if trial.space.is_binary else _ROUNDING)
    for name, old, new in zip(ids, stored, again, strict=True):
        apart = distances(trial.space, new[None], old[None]).item()
        # A chip without any code is as far from itself as from every other one.
        if not apart <= slack and not np.array_equal(new, old):
            raise EvaluationError(
                f"{name!r} is not what it was when it was indexed: read again, it lies {apart:.3g} from its vector; run "
                f"terrakin index again"
            )
