"""The approximate indexes of a Lance table, with their measured recall.

Vectors: IVF with RaBitQ codes, refined by the stored vectors. Codes: IVF alone; an index could not make them shorter.
"""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.archive.gallery import Nearest, nearest_among, nearest_among_each, packed
from terrakin.archive.recall import Recall, distances_without, share_found
from terrakin.archive.schema import VECTOR, Compared
from terrakin.errors import ArchiveError
from terrakin.spaces.space import Space

__all__ = ["build", "is_built", "is_possible", "measure", "recorded", "search", "steps_aside"]

REFINE = 20
"""Candidates by codes, as a multiple of the hits, that are ranked again by their vectors. Measured on 1M x 128: recall@20 is
0.62 without, 0.98 at 5, 0.998 at 20."""

CANDIDATES = 1000
"""Candidates at least, however few hits are asked for: they are cheap, and few hits leave the codes little room for error."""

PROBES = 20
"""Cells of the index that are looked into; more found nothing more in the measurement above."""

FEW = 0.02
"""Share of the chips below which a filter's chips are ranked exhaustively: there the index misses true neighbours (recall 0.81
at 0.1 %) and is no faster."""

_MARGIN = 16
# Asked for beyond k, so that ties at the k-th place are settled by id.

_METRICS = {"cosine": "cosine", "pearson": "cosine", "l2": "l2", "hamming": "hamming"}


def is_possible(space: Space) -> bool:
    """Whether there is an index for a space; code sets have none."""
    return space.kind in _METRICS


def build(table: Any, space: Space, by: Compared = VECTOR) -> None:
    """Build the index of a column, or build it anew.

    Args:
        table: a `lance.LanceDataset`; it sees the index at once.
        space: how the column compares.
        by: the column.

    Raises:
        ArchiveError: for code sets, which are searched exhaustively at any size.
    """
    if not is_possible(space):
        raise ArchiveError(f"there is no index for a {space.kind} space; it is searched exhaustively at any size")
    kind: dict[str, Any] = {"index_type": "IVF_FLAT"} if space.is_binary else {"index_type": "IVF_RQ", "num_bits": 1}
    table.create_index(by, metric=_METRICS[space.kind], replace=True, **kind)


def is_built(table: Any, by: Compared = VECTOR) -> bool:
    """Whether a column of the table has its index."""
    return any(by in index.field_names for index in table.describe_indices())


def search(table: Any, space: Space, query: NDArray[Any], k: int, where: str | None, by: Compared = VECTOR) -> Nearest:
    """About the k nearest of one packed query (W,); rows that came after the index was built are searched too.

    Args:
        table: a `lance.LanceDataset` with the index.
        space: how the column compares.
        query: (W,) packed.
        k: at least 1.
        where: a filter's SQL, applied before.
        by: the column.

    Returns:
        Ids and exact distances, nearest first, ties by id.
    """
    # Distances of codes are exact in the index, and many of them tie.
    asked = k + (CANDIDATES if space.is_binary else _MARGIN)
    refine = {} if space.is_binary else {"refine_factor": max(REFINE, -(-CANDIDATES // asked))}
    nearest = {"column": by, "q": query, "k": asked, "nprobes": PROBES, "metric": _METRICS[space.kind], **refine}
    found = table.scanner(
        columns=["id", by], nearest=nearest, filter=where, prefilter=True, disable_scoring_autoprojection=True
    ).to_table()
    return nearest_among(found.to_batches(), space, query, k, by)


def steps_aside(table: Any, where: str | None) -> bool:
    """Whether a filter leaves so few chips that ranking all of them is better."""
    return where is not None and table.count_rows(filter=where) < FEW * table.count_rows()


def measure(table: Any, space: Space, k: int, queries: int, rng: np.random.Generator, by: Compared = VECTOR) -> Recall:
    """Compare the index with exhaustive search and record the figure in the table.

    Args:
        table: a `lance.LanceDataset` with the index.
        space: how the column compares.
        k: neighbours, at least 1.
        queries: stored vectors that are asked for, drawn without replacement.
        rng: draws them.
        by: the column.
    """
    chips = table.count_rows()
    rows = np.sort(rng.choice(chips, size=min(queries, chips), replace=False))
    asked = table.take(rows.tolist(), columns=["id", by])
    vectors = packed(space, asked[by])
    truth = nearest_among_each(table.to_batches(columns=["id", by]), space, vectors, k + 1, by)
    shares = []
    for name, vector, nearest in zip(asked["id"].to_pylist(), vectors, truth, strict=True):
        true, found = distances_without(name, nearest), distances_without(name, search(table, space, vector, k + 1, None, by))
        shares.append(share_found(true, found, k))
    recall = Recall(float(np.mean(shares)) if shares else 1.0, k, len(rows), chips)
    table.update_config({_record(by): json.dumps(asdict(recall))})
    return recall


def recorded(table: Any, by: Compared = VECTOR) -> Recall | None:
    """The figure of the last measurement of a column's index, or None."""
    text = table.config().get(_record(by))
    return Recall(**json.loads(text)) if text else None


def _record(by: Compared) -> str:
    """Under which name the table keeps the figure."""
    return "terrakin.recall" if by == VECTOR else f"terrakin.recall.{by}"
