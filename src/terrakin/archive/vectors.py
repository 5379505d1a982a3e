"""The vectors of a store as one array."""

import numpy as np

from terrakin.archive.condition import Condition
from terrakin.archive.gallery import packed
from terrakin.archive.schema import VECTOR
from terrakin.archive.store import Store
from terrakin.spaces.kinds import Packed

__all__ = ["read_vectors"]


def read_vectors(store: Store, where: Condition | None = None) -> tuple[list[str], Packed]:
    """Ids and packed vectors of the chips that pass, in the order of ids (UTF-8 bytes).

    Returns:
        Ids, and (N, W) of the space's dtype.
    """
    ids: list[str] = []
    blocks: list[Packed] = [np.empty((0, store.space.width), store.space.dtype)]
    for batch in store.scan(["id", VECTOR], where):
        ids += batch.column("id").to_pylist()
        blocks.append(packed(store.space, batch.column(VECTOR)))
    order = sorted(range(len(ids)), key=lambda row: ids[row].encode())
    return [ids[row] for row in order], np.concatenate(blocks)[order]
