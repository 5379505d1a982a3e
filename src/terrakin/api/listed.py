"""What a person names to be indexed, as the candidates that indexing asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from terrakin.datasets.dataset import DATASETS
from terrakin.scenes.find import find
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.scene import Candidate, Property, Skipped
from terrakin.scenes.stamp import stamp

if TYPE_CHECKING:
    from terrakin.archive.run import Find

__all__ = ["listed"]


def listed(sources: Mapping[Path, str | None], *, options: SourceOptions, without: Path) -> "Find":
    """A function that lists what is at some paths, each with the path it was found in.

    Args:
        sources: folders, files, tables, each with the benchmark whose reader gives labels and splits; None for plain imagery.
        options: where labels and dates come from.
        without: the archive itself, which may lie inside a source and is no imagery.
    """
    inside = f"{without.absolute().as_posix()}/"

    def found() -> Iterator[tuple[str, Candidate | Skipped]]:
        for path, dataset in sources.items():
            for item in find(path, options=options) if dataset is None else _samples(path, dataset, options):
                if not item.uri.startswith(inside):
                    yield str(path), item

    return found


def _samples(root: Path, dataset: str, options: SourceOptions) -> Iterator[Candidate | Skipped]:
    for sample in DATASETS[dataset].samples(root):
        properties: dict[str, Property] = {**sample.properties, **({} if sample.split is None else {"split": sample.split})}
        # What the data set says is part of what an archive must notice, as a table's columns are.
        known = {"dataset": dataset, "id": sample.id, "labels": sample.labels, "properties": properties}
        for item in find(Path(sample.path), options=options):
            if isinstance(item, Candidate):
                told = stamp([], options, {**known, "file": item.stamp})
                # What lies in or beside the file does not go over the data set: 43 labels, say, where 19 were asked for.
                own = replace(item.options, labels="none")
                yield replace(item, key=sample.id, stamp=told, labels=sample.labels, properties=properties, options=own)
            else:
                yield item
