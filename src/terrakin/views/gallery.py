"""A ranking as a piece of HTML for notebooks."""

from html import escape

from terrakin.search.ranking import Hit, Ranking
from terrakin.views import wording
from terrakin.views.card import STYLE, Card, cards_html

__all__ = ["gallery_html"]


def gallery_html(ranking: Ranking) -> str:
    """The query and its hits as rows of thumbnails; stands alone, runs no script, escapes every text.

    Where the labels of both are known, frames tell whether a hit shares one with its query.
    """
    query = Card(
        ranking.thumbnail, "query", ranking.query, ["Query", wording.labels(ranking.labels), wording.short_id(ranking.query)]
    )
    hits = [_card(hit, ranking) for hit in ranking.hits]
    none = "" if hits else "<p>No hits.</p>"
    return (
        f'<div class="terrakin"><style>{STYLE}</style><div>{escape(wording.headline(ranking))}</div>'
        f"{cards_html([query, *hits])}{none}</div>"
    )


def _card(hit: Hit, ranking: Ranking) -> Card:
    lines = [
        f"{hit.rank} · {wording.distance(hit.distance, ranking.space)}",
        wording.labels(hit.labels),
        wording.short_id(hit.id),
        wording.date(hit.datetime),
    ]
    return Card(hit.thumbnail, wording.verdict(ranking.labels, hit), hit.id, lines)
