"""A ranking as a piece of HTML for notebooks."""

from collections.abc import Sequence
from html import escape

from terrakin.search.ranking import Hit, Ranking
from terrakin.views import wording
from terrakin.views.tiles import STYLE, Tile, tiles_html

__all__ = ["gallery_html"]


def gallery_html(ranking: Ranking, *, query_labels: Sequence[str] = ()) -> str:
    """The query and its hits as rows of thumbnails; stands alone, runs no script, escapes every text.

    Args:
        ranking: what to show.
        query_labels: labels of the query, where they are known: frames then tell whether a hit shares one.
    """
    query = Tile(
        ranking.thumbnail, "query", ranking.query, ["Query", wording.labels(query_labels), wording.short_id(ranking.query)]
    )
    hits = [_tile(hit, ranking, query_labels) for hit in ranking.hits]
    none = "" if hits else "<p>No hits.</p>"
    return (
        f'<div class="terrakin"><style>{STYLE}</style><div>{escape(wording.headline(ranking))}</div>'
        f"{tiles_html([query, *hits])}{none}</div>"
    )


def _tile(hit: Hit, ranking: Ranking, query_labels: Sequence[str]) -> Tile:
    lines = [
        f"{hit.rank} · {wording.distance(hit.distance, ranking.space)}",
        wording.labels(hit.labels),
        wording.short_id(hit.id),
        wording.date(hit.datetime),
    ]
    return Tile(hit.thumbnail, wording.verdict(query_labels, hit), hit.id, lines)
