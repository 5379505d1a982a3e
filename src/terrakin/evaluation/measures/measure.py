"""A measure: a named figure of quality, one value a query."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from terrakin.errors import EvaluationError, UnknownNameError
from terrakin.evaluation.measures.judged import Contributions, Judged, Values
from terrakin.evaluation.names import MeasureName
from terrakin.evaluation.ties import TieGroups
from terrakin.registry import nearest

__all__ = ["Family", "Formula", "Measure", "linear"]


@dataclass(frozen=True, slots=True)
class Formula:
    """How a measure is computed once its parameters are known."""

    words: str
    """The convention in a few words, for reports."""
    compute: Callable[[Judged], Values]
    """Values of the queries, (Q,), for rankings without ties."""
    expected: Callable[[Judged, TieGroups], Values] | None = None
    """Their means over all orders of tied chips; None where there is no closed form."""
    needs_full: bool = False
    """True where a ranking must be known to its end."""
    reads_labels: bool = False
    """True where label sets are compared."""


@dataclass(frozen=True, slots=True)
class Family:
    """Measures that differ in a cutoff or in options; the registry holds families."""

    form: str
    """How a member is written: `p@k`."""
    words: str
    """What it measures, in one line."""
    cutoff: Literal["required", "allowed", "refused"]
    """Whether a name gives a number of positions."""
    options: tuple[tuple[str, ...], ...]
    """Sets of words; a name takes at most one of each set."""
    formula: Callable[[int, Sequence[str | None]], Formula]
    """Formula for a cutoff (0: none) and for the word chosen of each set (None: none)."""
    best: float = 1.0
    """Value of a perfect ranking; infinite where it depends on the gallery."""

    def measure(self, name: str, parsed: MeasureName) -> "Measure":
        """The member of that name.

        Raises:
            UnknownNameError: if the cutoff or an option is missing, unknown or too much.
        """
        if self.cutoff == "required" and parsed.cutoff is None:
            raise UnknownNameError(f"measure {name!r} needs a number of positions: {self.form}, such as {parsed.family}@10")
        if self.cutoff == "refused" and parsed.cutoff is not None:
            raise UnknownNameError(f"measure {name!r} takes no number of positions; write {self.form}")
        chosen: list[str | None] = [None] * len(self.options)
        for word in parsed.options:
            place = next((i for i, words in enumerate(self.options) if word in words), None)
            if place is None or chosen[place] is not None:
                known = [other for words in self.options for other in words]
                raise UnknownNameError(f"measure {name!r} takes no option {word!r};{nearest(word, known)} Write {self.form}")
            chosen[place] = word
        return Measure(name, parsed.cutoff, self.best, self.formula(parsed.cutoff or 0, chosen))


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of quality with all its parameters."""

    name: str
    """As it was written: `map@10:found`."""
    cutoff: int | None
    """How many positions count; None: all."""
    best: float
    """Value of a perfect ranking."""
    formula: Formula
    """How it is computed."""

    def __call__(self, judged: Judged) -> Values:
        """Values of the queries, (Q,) float64; NaN where the measure is undefined for a query.

        Raises:
            EvaluationError: if it needs the full ranking and gets a short list, or label sets where there are none.
        """
        self._check(judged)
        return self.formula.compute(judged)

    def expected(self, judged: Judged, groups: TieGroups) -> Values:
        """Means over all orders of tied chips, each equally likely, (Q,) float64.

        Raises:
            EvaluationError: if there is no closed form, or as for a call.
        """
        if self.formula.expected is None:
            raise EvaluationError(f"{self.name} has no closed form over ties; use ties 'sample', or 'best' and 'worst'")
        self._check(judged)
        return self.formula.expected(judged, groups)

    def _check(self, judged: Judged) -> None:
        if self.formula.needs_full and judged.known < judged.gallery:
            raise EvaluationError(
                f"{self.name} needs the full ranking, but only {judged.known} of {judged.gallery} positions are known; "
                f"rank the whole gallery or choose a measure with a cutoff"
            )


def linear(
    words: str,
    *,
    at_positions: Callable[[Judged], Contributions],
    total: Callable[[Contributions, Judged], Values],
    needs_full: bool = False,
    reads_labels: bool = False,
) -> Formula:
    """Formula of a measure that is linear in something known at each position: ties average what is summed.

    Args:
        words: the convention.
        at_positions: (Q, K) what each position contributes.
        total: (Q,) from those contributions; linear in them.
        needs_full: as in `Formula`.
        reads_labels: as in `Formula`.
    """
    return Formula(
        words,
        lambda judged: total(at_positions(judged), judged),
        lambda judged, groups: total(groups.means(at_positions(judged)), judged),
        needs_full=needs_full,
        reads_labels=reads_labels,
    )
