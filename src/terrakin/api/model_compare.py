"""Two models on the same labelled images."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from terrakin.api.archive import Archive
from terrakin.errors import SceneError
from terrakin.progress import Bars

if TYPE_CHECKING:
    from terrakin.evaluation.compare import Comparison

__all__ = ["compare"]


def compare(
    first: str | Path,
    second: str | Path,
    data: Path,
    *,
    dataset: str | None = None,
    protocol: str = "loo",
    measures: Sequence[str] | None = None,
    seed: int = 0,
    bar: Bars,
) -> "Comparison":
    """How much better the second model finds what belongs together than the first.

    Both embed the same images, each scaled to its own input size; then they are compared query by query.

    Args:
        first: name of a shipped bundle, or path of one.
        second: likewise.
        data: a folder of class folders, or a copy of a benchmark.
        dataset: name of the benchmark.
        protocol: how queries and galleries are made.
        measures: names; those of the protocol where None.
        seed: of everything that is drawn.
        bar: shows how far embedding and measuring are.

    Raises:
        UnknownNameError: for a model, data set, protocol or measure that does not exist.
        SceneError: if an image cannot be read: models are not compared on what is left.
        EvaluationError: if the images lack what the protocol needs.
    """
    with tempfile.TemporaryDirectory(prefix="terrakin-") as folder:
        archives = []
        for number, model in enumerate((first, second)):
            archive = Archive.create(Path(folder) / str(number), model=model)
            with bar(f"Embedding with {archive.bundle.passport.name}", "images") as progress:
                summary = archive.add(data, dataset=dataset, progress=progress)
            if summary.skipped:
                raise SceneError(
                    f"{summary.skipped[0].uri}: {summary.skipped[0].reason}; mend or remove it, then compare again"
                )
            archives.append(archive)
        one, other = archives
        with bar("Measuring", "queries") as progress:
            return other.compare(one, protocol=protocol, measures=measures, seed=seed, progress=progress)
