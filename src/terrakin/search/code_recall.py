"""The recall of codes, measured on an archive's own vectors and remembered until the archive changes."""

import heapq
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from terrakin.archive.gallery import nearest_among_each, packed
from terrakin.archive.lot import lot
from terrakin.archive.manifest import replace_file
from terrakin.archive.recall import Recall, distances_without, share_found
from terrakin.archive.schema import VECTOR
from terrakin.archive.store import Encode, Store
from terrakin.errors import ArchiveError
from terrakin.search.coded import Coded, by_vectors, nearest_by_codes

__all__ = ["NAME", "QUERIES", "measure_code_recall", "remembered_code_recall"]

NAME = "code-recall.json"
"""The file inside an archive that remembers what was measured."""

QUERIES = 100
"""Chips that ask; all where there are fewer."""


def remembered_code_recall(path: Path, store: Store, encode: Encode, *, k: int, shortlist: int | None) -> Recall:
    """As `measure_code_recall`, measured once for each state of the archive at `path`, k and shortlist.

    An archive that cannot be written to is measured each time.
    """
    version, key = store.checkpoint(), f"k={k}" if shortlist is None else f"k={k} shortlist={shortlist}"
    held = _read(path / NAME, version)
    if key not in held:
        held[key] = measure_code_recall(store, encode, k=k, shortlist=shortlist)
        values = {"version": version, "recall": {name: asdict(recall) for name, recall in held.items()}}
        with suppress(ArchiveError):
            replace_file(path / NAME, json.dumps(values, indent=2) + "\n")
    return held[key]


def measure_code_recall(
    store: Store, encode: Encode, *, k: int, shortlist: int | None = None, queries: int = QUERIES
) -> Recall:
    """How many of the k nearest by vectors a search by codes finds, with chips of the store as queries.

    Every chip's vector is read once. The queries are drawn by hashes of their ids: the same chips ask as long as the archive
    stays the same. Filters are not looked at.

    Args:
        store: with codes.
        encode: makes codes of vectors.
        k: neighbours, at least 1.
        shortlist: as in `Coded`.
        queries: chips that ask.
    """
    names = (name for batch in store.scan(["id"]) for name in batch["id"].to_pylist())
    asked = heapq.nsmallest(queries, names, key=lambda name: lot(name, "recall"))
    if not asked:
        return Recall(1.0, k, 0, 0)
    vectors = packed(store.space, store.take(asked, [VECTOR])[VECTOR])
    truth = nearest_among_each(store.scan(["id", VECTOR]), store.space, vectors, k + 1)
    shares = []
    for name, vector, code, nearest in zip(asked, vectors, encode(vectors), truth, strict=True):
        found = nearest_by_codes(store, Coded(vector, code, shortlist), k=k + 1)
        others = [other for other in found[0] if other != name][:k]
        shares.append(share_found(distances_without(name, nearest), by_vectors(store, vector, others, k)[1], k))
    return Recall(sum(shares) / len(shares), k, len(asked), store.count())


def _read(file: Path, version: int) -> dict[str, Recall]:
    """What was measured of this version of the archive; nothing where the file is not there or cannot be read."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if values["version"] != version:
            return {}
        return {str(name): Recall(**recall) for name, recall in values["recall"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
