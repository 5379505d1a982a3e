"""A comparison of two archives: a table for a terminal, plain values for JSON."""

from typing import Any

from terrakin.evaluation.compare import Comparison
from terrakin.evaluation.names import title
from terrakin.views.table import aligned

__all__ = ["comparison_values", "plain_comparison"]


def plain_comparison(found: Comparison) -> str:
    """One row a measure: both means, the difference and its 95 % interval, as aligned text."""
    rows = [("measure", "this", "other", "difference", "interval")]
    for name, difference in found.differences.items():
        means = (f"{found.second[name]:.4f}", f"{found.first[name]:.4f}", f"{difference.value:+.4f}")
        rows.append((title(name), *means, f"{difference.low:+.4f} – {difference.high:+.4f}"))
    return aligned(rows, right=(False, True, True, True, True))


def comparison_values(found: Comparison) -> dict[str, Any]:
    """By name of measure: the other's value, the difference in favour of this archive, and that difference's interval."""
    return {
        name: {"value": found.first[name], "difference": difference.value, "ci95": [difference.low, difference.high]}
        for name, difference in found.differences.items()
    }
