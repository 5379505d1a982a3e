"""Asking: from what a person names as an example to a query."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from terrakin.archive.condition import Compare
from terrakin.archive.options import IndexOptions
from terrakin.archive.schema import VECTOR
from terrakin.archive.store import Store
from terrakin.bundles.bundle import Bundle
from terrakin.chips.window import Box
from terrakin.errors import ChipNotFoundError
from terrakin.search.filters import condition, words
from terrakin.search.label_sets import LabelMatch, label_set
from terrakin.search.query import Example, Query, combine
from terrakin.spaces.kinds import Packed

__all__ = ["ask"]


def ask(
    store: Store,
    examples: Sequence[str | Path],
    *,
    bundle: Bundle,
    options: IndexOptions,
    k: int,
    unlike: Sequence[str | Path] = (),
    box: Box | None = None,
    where: str | None = None,
    labels: Sequence[str] = (),
    label_match: LabelMatch = "at-least",
    bbox: Box | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Query:
    """The query for some examples.

    Args:
        store: the archive's.
        examples: each the id of a chip of the archive, or the path of an image or scene; at least one.
        bundle: the archive's, which embeds files.
        options: the archive's, by which files are read.
        k: how many hits, at least 1.
        unlike: negative examples, named in the same way.
        box: the part of the first example, a scene file, that is meant.
        where: filter text; see `search.where`.
        labels: only chips that have these; names, which are taken as they are.
        label_match: what their labels have to do with these; see `LabelSet`.
        bbox: only chips that touch it.
        since: only chips of then or later.
        until: only chips of then or earlier.

    Raises:
        ValueError: if there is no example, or k is less than 1.
        ChipNotFoundError: if an example is neither a chip nor a file.
        SceneError: if a file cannot be read.
        FilterError: if the filter cannot be read, or no chip has such a label.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    wanted = label_set(store, labels, label_match)
    passing = condition(store.columns(), where=where, labels=wanted, bbox=bbox, since=since, until=until)
    names = [str(name) for name in (*examples, *unlike)]
    read = [_example(store, name, bundle, options, box if place == 0 else None) for place, name in enumerate(names)]
    likes, unlikes = read[: len(examples)], read[len(examples) :]
    said = ", ".join(example.words for example in likes)
    return Query(
        words=said + (f" unlike {', '.join(example.words for example in unlikes)}" if unlikes else ""),
        vector=combine(store.space, _stack(store, likes), _stack(store, unlikes)),
        k=k,
        condition=passing,
        filter=words(where=where, labels=wanted, bbox=bbox, since=since, until=until),
        without=frozenset(example.words for example in read if example.is_chip),
        overlap=wanted if wanted is not None and wanted.match == "overlap" else None,
        thumbnail=likes[0].thumbnail,
        labels=likes[0].labels,
    )


def _example(store: Store, name: str, bundle: Bundle, options: IndexOptions, box: Box | None) -> Example:
    # A chip's id can also be the path of its file; the chip is already embedded.
    if box is None and (not Path(name).exists() or store.count(Compare("id", "=", name))):
        try:
            row = store.take([name], [VECTOR, "thumbnail", "labels"])
        except ChipNotFoundError as exc:
            raise ChipNotFoundError(f"there is no file {name!r}, and {exc}") from exc
        vector = row.column(VECTOR).chunk(0).flatten().to_numpy()
        return Example(name, vector, row.column("thumbnail")[0].as_py(), tuple(row.column("labels")[0].as_py()), is_chip=True)
    from terrakin.search.example import embed_file  # reads scenes: 0.13 s for nothing where all are ids

    return embed_file(Path(name), bundle=bundle, options=options, box=box)


def _stack(store: Store, examples: Sequence[Example]) -> Packed:
    if not examples:
        return np.empty((0, store.space.width), store.space.dtype)
    return np.stack([example.vector for example in examples])
