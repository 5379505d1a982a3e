"""Ranking: the nearest chips to a query, joined with what is known of them."""

from collections.abc import Sequence

import pyarrow as pa

from terrakin.archive.recall import Recall
from terrakin.archive.schema import CODE, PROPERTY, VECTOR
from terrakin.archive.store import Store
from terrakin.chips.window import Window
from terrakin.errors import FilterError
from terrakin.search.coded import Coded, nearest_by_codes
from terrakin.search.label_sets import nearest_by_overlap
from terrakin.search.query import Query
from terrakin.search.ranking import Hit, Ranking

__all__ = ["hits_of", "rank"]


def rank(archive: str, store: Store, query: Query, *, recall: Recall | None = None, coded: Coded | None = None) -> Ranking:
    """The k nearest chips that may answer, nearest first, ties by id; where labels weigh, distance / overlap is what counts.


    Args:
        archive: path of the archive, for the answer.
        store: what is searched.
        query: what is asked.
        recall: measured recall, where an approximate index or codes answer.
        coded: the query for a search by codes; None to compare vectors.

    Raises:
        ArchiveError: if codes are asked and there are none.
        FilterError: if codes are asked and labels weigh.
    """
    if query.overlap is not None:
        if coded is not None:
            raise FilterError("the overlap of labels weighs distances of vectors; leave codes out, or match labels otherwise")
        kept = nearest_by_overlap(store, query.vector, query.overlap, k=query.k, where=query.condition, without=query.without)
    else:
        # The examples are asked for on top and left out again, which keeps an unfiltered search unfiltered.
        k = query.k + len(query.without)
        if coded is None:
            ids, distances = store.search(query.vector, k=k, where=query.condition)
        else:
            ids, distances = nearest_by_codes(store, coded, k=k, where=query.condition)
        kept = [(name, float(distance)) for name, distance in zip(ids, distances, strict=True) if name not in query.without]
    return Ranking(
        archive=archive,
        query=query.words,
        space=store.space if coded is None or coded.shortlist is not None or store.codes is None else store.codes,
        k=query.k,
        filter=query.filter,
        hits=hits_of(store, kept[: query.k]),
        labels=query.labels,
        thumbnail=query.thumbnail,
        recall=recall,
        codes=None if coded is None else store.codes,
        shortlist=None if coded is None else coded.shortlist,
    )


def hits_of(store: Store, ranked: Sequence[tuple[str, float]]) -> tuple[Hit, ...]:
    """Hits for ids and distances in rank order: the join with the chips, for these rows only."""
    if not ranked:
        return ()
    columns = [name for name in store.columns().names if name not in (VECTOR, CODE, "fingerprint")]
    rows = store.take([name for name, _ in ranked], columns).to_pylist()
    return tuple(_hit(place, distance, row) for place, ((_, distance), row) in enumerate(zip(ranked, rows, strict=True), 1))


def _hit(place: int, distance: float, row: dict[str, pa.Scalar]) -> Hit:
    box = (row["west"], row["south"], row["east"], row["north"])
    return Hit(
        rank=place,
        id=row["id"],
        distance=distance,
        source=row["scene"],
        window=Window(row["col"], row["row"], row["width"], row["height"]),
        labels=tuple(row["labels"]),
        datetime=row["datetime"],
        bbox=None if row["footprint"] is None else box,
        footprint=row["footprint"],
        valid_share=row["valid_share"],
        properties={
            name.removeprefix(PROPERTY): value for name, value in row.items() if name.startswith(PROPERTY) and value is not None
        },
        thumbnail=row["thumbnail"],
    )
