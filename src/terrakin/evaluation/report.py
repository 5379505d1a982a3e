"""The report of an evaluation: measured quality beside everything that is needed to read it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from terrakin.evaluation.names import title
from terrakin.spaces.space import Space

__all__ = ["Estimate", "JudgedHit", "JudgedQuery", "Report"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value and the ends of its bootstrap interval."""

    value: float
    """Mean over queries, unrounded."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""


@dataclass(frozen=True, slots=True)
class JudgedHit:
    """A hit of which it is known whether it is relevant."""

    rank: int
    """Place, from 1."""
    id: str
    """The chip's id."""
    distance: float
    """Distance from the query; smaller is closer."""
    relevant: bool
    """True where the protocol's relevance rule holds."""
    labels: tuple[str, ...]
    """The chip's labels."""


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query with its first hits."""

    id: str
    """The chip's id."""
    average_precision: float
    """Standard average precision of its whole ranking, in [0, 1]."""
    labels: tuple[str, ...]
    """The chip's labels."""
    hits: tuple[JudgedHit, ...]
    """The first hits, at most 10, nearest first."""


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """Measured quality, per measure and class, with its protocol. Names of measures follow `terrakin.evaluation.names`."""

    measures: Mapping[str, Estimate]
    """Value and interval by name, in the order they were asked for."""
    per_class: Mapping[str, Mapping[str, float]]
    """Mean over the queries of a class (of a label, for label sets), by class and name of measure."""
    ceilings: Mapping[str, float]
    """Largest value that each `p@k` can reach on this gallery: mean of min(R, k) / k."""
    precision_curve: Mapping[int, float]
    """Mean P@k for k from 1 to 100, or to the size of a smaller gallery."""
    space: Space
    """How vectors were compared."""
    protocol: Mapping[str, Any]
    """What was done, JSON-able: `name`, `queries`, `excluded`, `gallery`, `relevance`, `ties`, `mean`, `interval` (`kind`,
    `level`, `draws`, `seed`), `measures` (convention by name), `self`, `seeds`, `smallest_r`, `largest_r`, `tied_queries`
    (share with ties among their first 10 hits), `queries_hash`, `gallery_hash`, and facts of its own such as `split_hash`."""
    worst: tuple[JudgedQuery, ...] = ()
    """The queries of lowest average precision, worst first."""
    expected: Mapping[str, float] = field(default_factory=dict)
    """Mean over all orders of tied hits, by name of measure; for binary spaces, where ties are common."""
    class_intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Ends of the wider interval that a bootstrap over classes gives, by name of measure; empty for label sets."""
    per_class_intervals: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    """Ends of the interval over the queries of a class, by class and name of measure."""
    spread: Mapping[str, float] = field(default_factory=dict)
    """Standard deviation over the seeds, by name of measure, for protocols that draw their queries more than once."""
    warnings: tuple[str, ...] = ()
    """What a reader must know before quoting a figure."""

    def __repr__(self) -> str:
        said = (f"{title(name)} {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" for name, one in self.measures.items())
        return f"<Report: {', '.join(said)}; {self.protocol['queries']:,} queries>"

    def to_json(self) -> str:
        """The report as a JSON object, indented; the keys are a promise to other programs."""
        return json.dumps(_as_dict(self), indent=2, ensure_ascii=False, allow_nan=False)

    def to_markdown(self) -> str:
        """The report as Markdown tables: mAP, P@10, ANMRR, each class, the worst queries, the protocol."""
        sections = [_measures_table(self), _classes_table(self), _worst_table(self), _protocol_list(self)]
        return "\n\n".join(section for section in sections if section) + "\n"


def _as_dict(report: Report) -> dict[str, Any]:
    interval = f"ci{100 * report.protocol['interval']['level']:g}"
    measures: dict[str, dict[str, Any]] = {}
    for name, estimate in report.measures.items():
        measures[name] = {"value": estimate.value, interval: [estimate.low, estimate.high]}
        if name in report.class_intervals:
            measures[name][f"{interval}_classes"] = list(report.class_intervals[name])
        if name in report.ceilings:
            measures[name]["ceiling"] = report.ceilings[name]
        if name in report.expected:
            measures[name]["expected"] = report.expected[name]
        if name in report.spread:
            measures[name]["spread"] = report.spread[name]
    space = {"kind": report.space.kind, "size": report.space.size, "codes": report.space.codes}
    return {
        "measures": measures,
        "per_class": {label: dict(values) for label, values in report.per_class.items()},
        f"per_class_{interval}": {
            label: {name: list(ends) for name, ends in values.items()} for label, values in report.per_class_intervals.items()
        },
        "protocol": dict(report.protocol),
        "space": space,
        "queries": {"evaluated": report.protocol["queries"], "without_relevant": report.protocol["excluded"]},
        "precision_curve": {str(k): value for k, value in report.precision_curve.items()},
        "worst": [_query_as_dict(query) for query in report.worst],
        "warnings": list(report.warnings),
    }


def _query_as_dict(query: JudgedQuery) -> dict[str, Any]:
    hits = [
        # JSON has no infinity; an infinite distance is a hit that could not be compared.
        {
            "rank": hit.rank,
            "id": hit.id,
            "distance": hit.distance if abs(hit.distance) != float("inf") else None,
            "relevant": hit.relevant,
            "labels": list(hit.labels),
        }
        for hit in query.hits
    ]
    return {"id": query.id, "average_precision": query.average_precision, "labels": list(query.labels), "hits": hits}


def _measures_table(report: Report) -> str:
    decimals = _decimals(report)
    head = ["Measure", "Value", f"{100 * report.protocol['interval']['level']:g} % interval"]
    extra: list[tuple[str, Mapping[str, float]]] = [
        (words, values)
        for words, values in (
            ("Ceiling", report.ceilings),
            ("Expected over ties", report.expected),
            ("Spread over seeds", report.spread),
        )
        if values
    ]
    if report.class_intervals:
        head.append("Interval over classes")
    rows = []
    for name, estimate in report.measures.items():
        row = [title(name), f"{estimate.value:.{decimals}f}", f"{estimate.low:.{decimals}f} to {estimate.high:.{decimals}f}"]
        if report.class_intervals:
            row.append(" to ".join(f"{end:.{decimals}f}" for end in report.class_intervals.get(name, ())))
        rows.append(row + [f"{values[name]:.{decimals}f}" if name in values else "" for _, values in extra])
    return _table(head + [words for words, _ in extra], rows)


def _classes_table(report: Report) -> str:
    if not report.per_class:
        return ""
    # Every measure of every class is in the JSON; a table that people read has room for three.
    names = [name for name in ("map", "p@10", "anmrr") if name in report.measures] or list(report.measures)[:3]
    rows = [[label, *(_class_cell(report, label, name) for name in names)] for label in report.per_class]
    return "## Classes\n\n" + _table(["Class", *map(title, names)], rows)


def _class_cell(report: Report, label: str, name: str) -> str:
    if name not in report.per_class[label]:
        return ""
    decimals = _decimals(report)
    ends = report.per_class_intervals.get(label, {}).get(name, ())
    inside = f" ({' to '.join(f'{end:.{decimals}f}' for end in ends)})" if ends else ""
    return f"{report.per_class[label][name]:.{decimals}f}{inside}"


def _worst_table(report: Report) -> str:
    if not report.worst:
        return ""
    rows = [
        [
            query.id,
            ", ".join(query.labels),
            f"{query.average_precision:.3f}",
            f"{sum(hit.relevant for hit in query.hits)} of {len(query.hits)}",
        ]
        for query in report.worst
    ]
    return "## Worst queries\n\n" + _table(["Query", "Labels", "AP", "Relevant among the first hits"], rows)


def _protocol_list(report: Report) -> str:
    facts = [f"- {key.replace('_', ' ')}: {_in_words(value)}" for key, value in report.protocol.items() if key != "measures"]
    facts.append(f"- space: {report.space.kind}, {report.space.size}" + (f" x {report.space.codes}" * (report.space.codes > 1)))
    conventions = [f"- {title(name)}: {words}" for name, words in report.protocol.get("measures", {}).items()]
    warnings = [f"- warning: {words}" for words in report.warnings]
    return "## Protocol\n\n" + "\n".join(facts + conventions + warnings)


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_in_words(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _decimals(report: Report) -> int:
    """The mean of P@k over Q queries is a multiple of 1 / (k Q): more decimals than these would be noise."""
    return 3 if report.protocol["queries"] < 1000 else 4


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
