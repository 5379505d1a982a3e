"""The page of worst queries: what a model gets wrong, in one HTML file."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from terrakin.evaluation.report import JudgedHit, JudgedQuery, Report
from terrakin.views import wording
from terrakin.views.card import STYLE, Card, cards_html
from terrakin.views.output import write_text
from terrakin.views.report_text import protocol_line

__all__ = ["worst_page", "write_worst_page"]

_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 1320px; margin: 36px auto; padding: 0 28px; }
h1 { margin: 0 0 4px; font: 600 22px/1.3 system-ui, sans-serif; }
h2 { margin: 30px 0 0; font: 600 15px/1.4 system-ui, sans-serif; }
p { margin: 0 0 6px; opacity: .75; }
section { border-top: 1px solid rgba(128, 128, 128, .3); }
"""


def write_worst_page(path: Path, report: Report, thumbnails: Mapping[str, bytes], *, title: str) -> None:
    """Write the page of `worst_page`.

    Raises:
        OutputError: if `path` cannot be written.
    """
    write_text(path, worst_page(report, thumbnails, title=title))


def worst_page(report: Report, thumbnails: Mapping[str, bytes], *, title: str) -> str:
    """The queries of lowest average precision with their first hits, worst first; frames tell what is relevant.

    One file: thumbnails are inside it, it runs no script and may fetch nothing.

    Args:
        report: its `worst` queries are shown.
        thumbnails: JPEG by chip id; a chip that is not named is shown without.
        title: what was measured.
    """
    sections = "".join(_section(query, report, thumbnails) for query in report.worst)
    heading = escape(wording.printable(title))
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{heading}: worst queries</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width"><style>{_PAGE_STYLE}{STYLE}</style></head>\n'
        f'<body class="terrakin"><h1>{heading}: worst queries</h1>\n<p>{escape(protocol_line(report))}</p>\n'
        f"{sections or '<p>No query was evaluated.</p>'}</body></html>\n"
    )


def _section(query: JudgedQuery, report: Report, thumbnails: Mapping[str, bytes]) -> str:
    right = sum(hit.relevant for hit in query.hits)
    name, labels = wording.printable(query.id), wording.labels(query.labels)
    first = Card(thumbnails.get(query.id), "query", query.id, ["Query", labels, wording.short_id(query.id)])
    cards = [first, *(_card(hit, report, thumbnails) for hit in query.hits)]
    facts = f"average precision {query.average_precision:.3f}, {right} of the first {len(query.hits)} hits relevant"
    return f"<section><h2>{escape(name)}</h2><p>{escape(facts)}</p>{cards_html(cards)}</section>\n"


def _card(hit: JudgedHit, report: Report, thumbnails: Mapping[str, bytes]) -> Card:
    lines = [
        f"{hit.rank} · {wording.distance(hit.distance, report.space)}",
        wording.labels(hit.labels),
        wording.short_id(hit.id),
    ]
    return Card(thumbnails.get(hit.id), "same" if hit.relevant else "other", hit.id, lines)
