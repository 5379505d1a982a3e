"""What a person names to be indexed, as the candidates that indexing asks for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from terrakin.datasets.dataset import DATASETS
from terrakin.scenes.find import find
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.scene import Candidate, Skipped

if TYPE_CHECKING:
    from terrakin.archive.run import Find

__all__ = ["listed"]


def listed(paths: Sequence[Path], *, options: SourceOptions, dataset: str | None) -> "Find":
    """A function that lists what is at `paths`, each with the path it was found in.

    Args:
        paths: folders, files, tables; or copies of a benchmark.
        options: where labels and dates come from.
        dataset: the benchmark whose reader gives labels and splits; None for plain imagery.
    """

    def found() -> Iterator[tuple[str, Candidate | Skipped]]:
        for path in paths:
            for item in find(path, options=options) if dataset is None else _samples(path, dataset, options):
                yield str(path), item

    return found


def _samples(root: Path, dataset: str, options: SourceOptions) -> Iterator[Candidate | Skipped]:
    for sample in DATASETS[dataset].samples(root):
        split: Mapping[str, str] = {} if sample.split is None else {"split": sample.split}
        for item in find(Path(sample.path), options=options):
            if isinstance(item, Candidate):
                yield replace(item, key=sample.id, labels=sample.labels, properties={**sample.properties, **split})
            else:
                yield item
