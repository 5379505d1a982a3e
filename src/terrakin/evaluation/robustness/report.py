"""The report on robustness: what is left of retrieval under each distortion, beside everything that is needed to read it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from terrakin.evaluation.report import Estimate
from terrakin.spaces.space import Space

__all__ = ["NONE", "Bearing", "Robustness", "Step"]

NONE = "none"
"""What the reference is called where others have the name of a distortion."""


@dataclass(frozen=True, slots=True)
class Step:
    """How well queries find under one distortion of one strength."""

    distortion: str
    """Its name; `none` for the undistorted reference."""
    strength: float
    """How strong it is, in the distortion's unit; 0 for the reference."""
    measures: Mapping[str, Estimate]
    """`map` and `p@10`, the undistorted original left out of the ranking."""
    lost: Mapping[str, Estimate]
    """What the distortion takes from them: reference minus this, and the interval of that difference over the same queries."""
    first: Estimate
    """Share of queries whose undistorted original is ranked first in the whole gallery, in [0, 1]."""
    median_rank: float
    """Median place of the undistorted original in the whole gallery, from 1."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """How one model bears the distortions."""

    name: str
    """What was measured: model and reducer, or the archive."""
    space: Space
    """How its vectors compare."""
    reference: Step
    """Undistorted: equal to `evaluate` by leave-one-out on the same queries."""
    steps: tuple[Step, ...]
    """Every strength of every distortion."""
    means: Mapping[str, Mapping[str, Estimate]]
    """Mean over the strengths of a distortion, by its name and that of the measure; under `all`, the mean of these means."""

    def of(self, distortion: str) -> Iterator[Step]:
        """The steps of one distortion, by strength."""
        return (step for step in self.steps if step.distortion == distortion)


@dataclass(frozen=True, slots=True)
class Robustness:
    """How far retrieval falls when queries are distorted and the gallery is not."""

    distortions: Mapping[str, Mapping[str, Any]]
    """By name, in the order they were measured: `words`, `unit`, `neutral` strength, `strengths`."""
    bearings: tuple[Bearing, ...]
    """One model, or two that were asked the same."""
    protocol: Mapping[str, Any]
    """What was done, JSON-able: `name`, `queries`, `available` (chips that could ask), `excluded` (without a relevant chip),
    `chosen` (how the queries were), `gallery`, `relevance`, `ties`, `interval`, `queries_hash`, `gallery_hash`, `measures`."""
    differences: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    """Of two models: first minus second of each mean, with the interval over the same queries; named as `Bearing.means`, and
    `none` for the reference. Empty for one model."""
    warnings: tuple[str, ...] = ()
    """What a reader must know before quoting a figure."""

    def to_json(self) -> str:
        """The report as a JSON object, indented; the keys are a promise to other programs."""
        return json.dumps(_as_dict(self), indent=2, ensure_ascii=False, allow_nan=False)

    def to_markdown(self) -> str:
        """The report as Markdown: the means over each distortion, every strength of it, the protocol."""
        from terrakin.evaluation.robustness import tables  # made of this module's values

        sections = ["# Robustness", _table(tables.means(self))]
        for name, facts in self.distortions.items():
            sections += [
                f"## {name}",
                f"{facts['words'][0].upper()}{facts['words'][1:]}.",
                _table(tables.strengths(self, name)),
            ]
        lines = [f"- {key.replace('_', ' ')}: {_words(value)}" for key, value in self.protocol.items()]
        lines += [f"- warning: {words}" for words in self.warnings]
        return "\n\n".join([*sections, "## Protocol", "\n".join(lines)]) + "\n"


def _words(value: Any) -> str:
    return ", ".join(f"{key} {inner}" for key, inner in value.items()) if isinstance(value, Mapping) else str(value)


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _as_dict(report: Robustness) -> dict[str, Any]:
    interval = f"ci{100 * report.protocol['interval']['level']:g}"

    def written(estimate: Estimate) -> dict[str, Any]:
        return {"value": estimate.value, interval: [estimate.low, estimate.high]}

    def each(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
        return {name: written(estimate) for name, estimate in estimates.items()}

    def step(one: Step) -> dict[str, Any]:
        return {
            "distortion": one.distortion,
            "strength": one.strength,
            "measures": each(one.measures),
            "lost": each(one.lost),
            "original": {"first": written(one.first), "median_rank": one.median_rank},
        }

    return {
        "distortions": {name: dict(facts) for name, facts in report.distortions.items()},
        "models": [
            {
                "name": bearing.name,
                "space": {"kind": bearing.space.kind, "size": bearing.space.size, "codes": bearing.space.codes},
                "reference": step(bearing.reference),
                "steps": [step(one) for one in bearing.steps],
                "means": {name: each(estimates) for name, estimates in bearing.means.items()},
            }
            for bearing in report.bearings
        ],
        "differences": {name: each(estimates) for name, estimates in report.differences.items()},
        "protocol": dict(report.protocol),
        "warnings": list(report.warnings),
    }
