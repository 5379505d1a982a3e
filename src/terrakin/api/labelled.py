"""A store's chips as an evaluation reads them: vectors, labels, and what protocols ask for."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from terrakin.archive.coded import compared
from terrakin.archive.gallery import packed
from terrakin.archive.schema import VECTOR, Compared, property_column
from terrakin.archive.store import Store
from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled

__all__ = ["labelled"]

_BOX = ("minx", "miny", "maxx", "maxy")


def labelled(store: Store, by: Compared = VECTOR) -> Labelled:
    """Every chip of `store`. Splits, places, years and planar boxes come from the properties of those names.

    Args:
        store: the archive's.
        by: column that is to be compared.

    Raises:
        ArchiveError: if codes are to be compared and there are none.
        EvaluationError: if no chip has a label or a place.
    """
    space = compared(by, store.space, store.codes)
    held = store.columns().names
    wanted = [name for name in ("split", "place", "year", *_BOX) if property_column(name) in held]
    batches = list(store.scan(["id", "labels", "footprint", by, *map(property_column, wanted)]))
    if not batches:
        raise EvaluationError("the archive is empty; index something first")
    table = pa.Table.from_batches(batches)
    columns = {name: table.column(property_column(name)) for name in wanted}
    labels = [tuple(names) for names in table.column("labels").to_pylist()]
    if "place" not in columns and not any(labels):
        raise EvaluationError(
            "no chip has a label; index a folder of class folders, a table with a column `label`, or a benchmark with --dataset"
        )
    return Labelled(
        ids=table.column("id").to_pylist(),
        labels=labels,
        vectors=packed(space, table.column(by)),
        space=space,
        splits=columns["split"].to_pylist() if "split" in columns else None,
        places=[None if name is None else str(name) for name in columns["place"].to_pylist()] if "place" in columns else None,
        years=[None if year is None else int(year) for year in columns["year"].to_pylist()] if "year" in columns else None,
        boxes=_boxes(columns) if set(_BOX) <= set(columns) else None,
        footprints=table.column("footprint").to_pylist(),
    )


def _boxes(columns: dict[str, pa.ChunkedArray]) -> NDArray[np.float64]:
    return np.stack([columns[edge].to_numpy().astype(np.float64) for edge in _BOX], axis=1)
