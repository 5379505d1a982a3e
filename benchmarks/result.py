"""One measured figure, and a table of them."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, beside another one of the same run where there is one to compare it with."""

    what: str
    """What was measured."""
    value: float
    """Its figure."""
    unit: str
    """Unit of both figures; empty for shares."""
    against: str = ""
    """What it is compared with."""
    reference: float | None = None
    """The other figure."""
    aim: str = ""
    """What was aimed at: for the ratio where there is one, else for the figure."""

    @property
    def ratio(self) -> float | None:
        """`value / reference`.

        >>> Row("search", 3.0, "ms", "bare", 2.0).ratio
        1.5
        """
        return None if self.reference is None else self.value / self.reference

    def to_json(self) -> dict[str, Any]:
        """As plain values, with the ratio."""
        return dataclasses.asdict(self) | {"ratio": self.ratio}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Row":
        """Read what `to_json` wrote."""
        return cls(**{field.name: values[field.name] for field in dataclasses.fields(cls)})


def table(title: str, rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [f"## {title}\n", "| what | figure | against | figure | ratio | aim |", "| --- | ---: | --- | ---: | ---: | --- |"]
    for row in rows:
        reference = "" if row.reference is None else _figure(row.reference, row.unit)
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"| {row.what} | {_figure(row.value, row.unit)} | {row.against} | {reference} | {ratio} | {row.aim} |")
    return "\n".join(lines) + "\n"


def _figure(value: float, unit: str) -> str:
    """Three digits, and no more precision than was measured."""
    digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{digits} {unit}".rstrip()
