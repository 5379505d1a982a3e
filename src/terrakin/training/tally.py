"""What is told of an iteration's pseudo-labels: how many, of which classes, and how many are right."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from terrakin.datasets.class_names import counterpart
from terrakin.errors import TrainingError
from terrakin.training.images import Images
from terrakin.training.labelled import UNKNOWN
from terrakin.training.pseudo_labels import PseudoLabels

__all__ = ["TALLY", "Tally", "chapter", "read_tally", "tally", "write_tally"]

TALLY = "pseudo-labels.json"
"""Name of the file in an iteration's folder."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one student learnt besides what was labelled."""

    iteration: int
    """Which student, from 1."""
    threshold: float
    """Probability above which an image got a label."""
    pool: int
    """Images that the teacher was shown."""
    chosen: int
    """Images that got a label."""
    classes: Mapping[str, int]
    """How many of each class of the labelled images, in their order."""
    known: int
    """Images among the chosen whose true class the pool tells."""
    with_counterpart: int
    """Images among these whose true class is also one of the labelled images, by name; labels of the others cannot be right."""
    right: int
    """Images among those whose label is the true one."""


def tally(iteration: int, threshold: float, chosen: PseudoLabels, pool: Images, classes: Sequence[str]) -> Tally:
    """Count.

    Args:
        iteration: which student.
        threshold: that chose.
        chosen: of the pool.
        pool: its labels are looked at here and nowhere else.
        classes: of the labelled images.
    """
    counts = np.bincount(chosen.labels, minlength=len(classes)).tolist()
    true = [pool.classes[label] for label in pool.labels[chosen.rows]]
    meant = {name: counterpart(name, classes) for name in pool.classes if name != UNKNOWN}
    pairs = [(meant[name], classes[label]) for name, label in zip(true, chosen.labels, strict=True) if name != UNKNOWN]
    return Tally(
        iteration=iteration,
        threshold=threshold,
        pool=len(pool.ids),
        chosen=len(chosen.rows),
        classes=dict(zip(classes, counts, strict=True)),
        known=len(pairs),
        with_counterpart=sum(name is not None for name, _ in pairs),
        right=sum(name == label for name, label in pairs),
    )


def chapter(tallies: Sequence[Tally]) -> list[str]:
    """Lines of Markdown: a table of the iterations, and one of their classes; none where there was no iteration."""
    if not tallies:
        return []
    known = any(one.known for one in tallies)
    head = ["iteration", "labelled by the network", *(["true class among the labelled", "labelled rightly"] if known else [])]
    rows = [
        [
            str(one.iteration),
            f"{one.chosen:,}",
            *([_share(one.with_counterpart, one.known), _share(one.right, one.with_counterpart)] if known else []),
        ]
        for one in tallies
    ]
    names = list(tallies[-1].classes)
    counts = [[name, *(f"{one.classes[name]:,}" for one in tallies)] for name in names]
    return [
        "## Self-training",
        "",
        f"Of {tallies[-1].pool:,} images without labels, each iteration learnt those to which the network before it gave a",
        f"class with a probability above {tallies[-1].threshold:g}, besides the labelled ones.",
        "",
        *_table(head, rows),
        "",
        *_table(["class", *(f"iteration {one.iteration}" for one in tallies)], counts),
        "",
    ]


def write_tally(one: Tally, folder: Path) -> None:
    """Write it into the folder of an iteration, in one move.

    Raises:
        TrainingError: if it cannot be written.
    """
    path = folder / TALLY
    beside = path.with_name(f"{TALLY}.new")
    try:
        beside.write_text(json.dumps(asdict(one), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as exc:
        beside.unlink(missing_ok=True)
        raise TrainingError(f"cannot write {path}: {exc.strerror or exc}") from exc


def read_tally(folder: Path) -> Tally | None:
    """What `write_tally` wrote; None where there is none, or it is broken: it is counted again then."""
    try:
        return Tally(**json.loads((folder / TALLY).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.1%})" if whole else "none"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]
