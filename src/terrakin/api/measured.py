"""Figures of a model on a test set, by a paper's protocol and by the standard one, computed once and kept."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import terrakin
from terrakin.api.embedded import ImageSet, embedded
from terrakin.bundles.bundle import Bundle
from terrakin.errors import EvaluationError
from terrakin.papers.table import Vector
from terrakin.progress import Progress, silent
from terrakin.views.output import write_text

if TYPE_CHECKING:
    from terrakin.evaluation.labelled import Labelled

__all__ = ["FIGURES", "VECTORS", "How", "Measured", "measured"]

FIGURES = "figures"
"""Folder of kept figures, in that of the runs."""
VECTORS = "vectors"
"""Folder of kept vectors, in that of the runs."""

STANDARD = "loo"
"""The protocol that stands beside the paper's."""

_FORMAT = 1
# Changes when the same vectors would give other figures.

_KEPT = ("measures", "protocol", "warnings")
# Of a report.


@dataclass(frozen=True, slots=True)
class How:
    """How a model is measured."""

    protocol: str
    """The paper's, with its options."""
    components: int
    """How many principal components of the test set, where these are compared."""
    measures: tuple[str, ...]
    """Names."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures by both protocols, as plain values."""

    paper: dict[str, Any]
    """`measures` (`value`, `ci95`, `spread` by name), `protocol`, `warnings`, as a report writes them."""
    standard: dict[str, Any]
    """Likewise, leave-one-out."""
    vector: str
    """What was compared, in words."""


def measured(
    bundle: Bundle,
    vector: Vector,
    test: ImageSet,
    folder: Path,
    how: How,
    *,
    workers: int,
    progress: Progress = silent,
) -> Measured:
    """Measure a model on a test set, or read what was measured before.

    A figure is kept by what it depends on: model, vector, images with their labels, protocol, measures, version. So one that is
    read is what would be computed.

    Args:
        bundle: the model; its reducer is left out.
        vector: what of it is compared.
        test: labelled images.
        folder: of the runs; keeps figures and vectors.
        how: protocol and measures.
        workers: threads.
        progress: called with images done and all.

    Raises:
        EvaluationError: if the vectors or labels are not what the protocol needs.
        UnknownNameError: for a protocol or measure that does not exist.
    """
    identity = json.dumps([_FORMAT, terrakin.__version__, bundle.passport.digest, vector, test.digest, *astuple(how)])
    path = folder / FIGURES / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"
    held = _held(path, identity)
    if held is None:
        held = _computed(bundle, vector, test, folder, how, workers=workers, progress=progress)
        path.parent.mkdir(parents=True, exist_ok=True)
        said = {"identity": identity, "paper": held.paper, "standard": held.standard, "vector": held.vector}
        write_text(path, json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    return held


def _held(path: Path, identity: str) -> Measured | None:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Measured(said["paper"], said["standard"], said["vector"]) if said["identity"] == identity else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # whatever is wrong with it, measuring again puts it right


def _computed(
    bundle: Bundle,
    vector: Vector,
    test: ImageSet,
    folder: Path,
    how: How,
    *,
    workers: int,
    progress: Progress,
) -> Measured:
    from terrakin.evaluation.evaluate import evaluate

    output: Any = "logits" if vector == "logits" else "embedding"
    if output not in bundle.passport.outputs:
        raise EvaluationError(f"{bundle.passport.name} gives no {output}; it gives {', '.join(bundle.passport.outputs)}")
    found = embedded(bundle, output, test, folder / VECTORS, workers=workers, progress=progress)
    labelled, words = _labelled(found.ids, found.labels, found.vectors, bundle, vector, how.components)
    reports = [evaluate(labelled, protocol=name, measures=how.measures) for name in (how.protocol, STANDARD)]
    paper, standard = (json.loads(report.to_json()) for report in reports)
    return Measured({key: paper[key] for key in _KEPT}, {key: standard[key] for key in _KEPT}, words)


def _labelled(
    ids: Sequence[str],
    labels: Sequence[tuple[str, ...]],
    vectors: np.ndarray,
    bundle: Bundle,
    vector: Vector,
    components: int,
) -> tuple["Labelled", str]:
    """The images as an evaluation reads them, and what is compared in words."""
    from terrakin.evaluation.labelled import Labelled
    from terrakin.evaluation.protocols.reduction import reduce
    from terrakin.spaces.kinds import pack
    from terrakin.spaces.space import Space

    if vector == "codes":
        space = bundle.passport.space
        if not space.is_binary:
            raise EvaluationError(f"{bundle.passport.name} gives no codes: its embeddings compare by {space.kind}")
        return Labelled(ids, labels, pack(space, vectors), space), f"codes of {space.size} bits by Hamming distance"
    if vector == "components":
        raw = Labelled(ids, labels, vectors, Space("l2", vectors.shape[1]))
        reduced = reduce(raw, np.arange(len(ids)), size=components, kind="pearson", protocol="reproduce")
        words = (
            f"{reduced.space.size} principal components, fitted on these images, of the embedding at unit length, by Pearson's "
            "correlation"
        )
        return Labelled(ids, labels, reduced.vectors, reduced.space), words
    space = Space("pearson", vectors.shape[1])
    what = f"{space.size} class logits" if vector == "logits" else f"the embedding of {space.size}"
    try:
        return Labelled(ids, labels, pack(space, vectors), space), f"{what} by Pearson's correlation"
    except ValueError as exc:
        raise EvaluationError(f"embeddings of {bundle.passport.name} cannot be compared: {exc}") from exc
