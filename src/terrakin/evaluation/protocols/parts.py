"""Parts of a collection: chips of each class, drawn with a seed or by a hash of their ids."""

import hashlib
import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled

__all__ = ["hash_of", "hash_share", "of_classes", "official_test", "share_of", "shuffled"]

Rows = NDArray[np.int64]


def of_classes(labelled: Labelled, rows: Rows, protocol: str) -> dict[str, Rows]:
    """Rows of each class, ascending; rows without a label are left out.

    Raises:
        EvaluationError: if chips have label sets, or no chip has a label.
    """
    if labelled.multi_label:
        raise EvaluationError(f"protocol {protocol} needs one class a chip, but these have label sets; choose loo or multicode")
    members: dict[str, list[int]] = {}
    for row in rows.tolist():
        if labelled.labels[row]:
            members.setdefault(labelled.labels[row][0], []).append(row)
    if not members:
        raise EvaluationError(f"protocol {protocol} needs one class a chip, but none of these {len(rows)} has a label")
    return {label: np.array(members[label], dtype=np.int64) for label in sorted(members)}


def shuffled(rows: Rows, label: str, seed: int) -> Rows:
    """Rows of one class in an order drawn with the seed; other classes do not change it."""
    return np.random.default_rng([seed, zlib.crc32(label.encode())]).permutation(rows)


def official_test(labelled: Labelled) -> tuple[Rows, str | None]:
    """Rows of the official test part and its name, or all rows and None where there is no official split."""
    if labelled.splits is None or "test" not in labelled.splits:
        return np.arange(len(labelled.ids)), None
    return np.flatnonzero([part == "test" for part in labelled.splits]), "test"


def share_of(count: int, share: float) -> int:
    """The whole number of `count` that a share is, rounded down.

    >>> share_of(100, 0.29), share_of(59, 0.2)
    (29, 11)
    """
    # 0.29 x 100 is 28.999999999999996 in floating point.
    return math.floor(count * share + 1e-9)


def hash_share(chip_id: str, seed: int) -> float:
    """A number in [0, 1) that depends on the id and the seed alone, so that adding chips moves no other.

    >>> hash_share("forest/01.jpg", 0) == hash_share("forest/01.jpg", 0) != hash_share("forest/01.jpg", 1)
    True
    """
    digest = hashlib.sha256(f"{seed}:{chip_id}".encode()).digest()
    # 53 bits are what a float holds; more would round up to 1.
    return (int.from_bytes(digest[:8], "big") >> 11) / 2.0**53


def hash_of(lines: Sequence[str]) -> str:
    """Sixteen hex digits that name a list of ids: two lists have the same only if they are the same."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
