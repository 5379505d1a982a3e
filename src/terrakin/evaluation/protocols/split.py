"""Query and gallery apart, with a part for training that is not touched."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.protocols.parts import hash_of, hash_share
from terrakin.evaluation.protocols.plan import Plan, default_measures, default_relevance
from terrakin.evaluation.trial import Trial

__all__ = ["Split", "roles"]


@dataclass(frozen=True, slots=True)
class Split:
    """Query and gallery apart, with a part for training that is not touched.
    Queries, gallery and training part by official split, or by a hash of the chips' ids.

    Official parts `query` and `gallery` are taken as they are. Of official parts `train`, `val` and `test` only `test` is used,
    and a hash divides it. Without an official split the hash divides everything. A chip's part depends on its id and the seed
    alone, so adding chips moves no other.
    """

    query: float = 0.2
    """Share of queries among the chips that are not for training, in (0, 1)."""
    train: float = 0.5
    """Share of chips for training, in [0, 1); only where there is no official split."""

    def __post_init__(self) -> None:
        if not (0 < self.query < 1 and 0 <= self.train < 1):
            raise ValueError(f"query is in (0, 1) and train in [0, 1), got {self.query} and {self.train}")

    def plan(self, labelled: Labelled, *, seed: int) -> Plan:
        """See `Planner.plan`."""
        parts, source = roles(labelled, self, seed)
        queries, gallery = (np.flatnonzero([part == role for part in parts]) for role in ("query", "gallery"))
        if not len(queries) or not len(gallery):
            raise EvaluationError(
                f"protocol split needs queries and a gallery, but the {source} split of {len(parts)} chips gives "
                f"{len(queries)} and {len(gallery)}; index more, or change its shares: split:query=0.2:train=0"
            )
        facts = {
            "split": source,
            "split_hash": hash_of([f"{chip}\t{part}" for chip, part in zip(labelled.ids, parts, strict=True)]),
            "train": sum(part == "train" for part in parts),
            "seeds": [] if source == "official" else [seed],
        }
        trial = Trial(queries, gallery, labelled.vectors, labelled.space)
        return Plan((trial,), default_relevance(labelled), default_measures(labelled), facts)


def roles(labelled: Labelled, split: Split, seed: int) -> tuple[Sequence[str], str]:
    """`query`, `gallery`, `train` or `unused` for each chip, and where that comes from in words."""
    official = labelled.splits
    if official is not None and "query" in official and "gallery" in official:
        return [part if part in ("query", "gallery") else "train" if part else "unused" for part in official], "official"
    if official is not None and "test" in official:
        parts = {"train": "train", "val": "train"}
        return [
            _by_hash(chip, seed, query=split.query, train=0) if part == "test" else parts.get(part or "", "unused")
            for chip, part in zip(labelled.ids, official, strict=True)
        ], "official test part by hash"
    return [_by_hash(chip, seed, query=split.query, train=split.train) for chip in labelled.ids], "hash"


def _by_hash(chip_id: str, seed: int, *, query: float, train: float) -> str:
    share = hash_share(chip_id, seed)
    if share < train:
        return "train"
    return "query" if share < train + (1 - train) * query else "gallery"
