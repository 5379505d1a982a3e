"""Robustness of archives: their chips read again from where they were indexed, distorted, and asked with."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from terrakin.api.labelled import labelled
from terrakin.archive.variants import embed_variants
from terrakin.evaluation.distortions.known import DISTORTIONS
from terrakin.evaluation.robustness.answers import Advance, Embed, Variants
from terrakin.evaluation.robustness.measure import Subject, robustness
from terrakin.evaluation.robustness.report import Robustness

if TYPE_CHECKING:
    from terrakin.api.archive import Archive

__all__ = ["archive_robustness"]


def archive_robustness(
    archives: Sequence["Archive"],
    *,
    distortions: Sequence[str] | None,
    names: Sequence[str] | None,
    workers: int | None,
    **how: Any,
) -> Robustness:
    """Measure one archive, or two of the same chips; see `terrakin.evaluation.robustness.measure.robustness` for the rest.

    Args:
        archives: what is measured; their imagery must still lie where it was indexed.
        distortions: names; all that there are where None.
        names: what the archives are called; by their models where None.
        workers: threads; as many as cores where None.
        how: handed on.

    Raises:
        UnknownNameError: for a distortion that does not exist.
    """
    chosen = [DISTORTIONS[name] for name in (DISTORTIONS if distortions is None else dict.fromkeys(distortions))]
    threads = workers or os.cpu_count() or 1
    subjects = [
        Subject(name, labelled(archive.store), _embedding(archive, threads))
        for name, archive in zip(names or _names(archives), archives, strict=True)
    ]
    return robustness(subjects, chosen, **how)


def _embedding(archive: "Archive", workers: int) -> Embed:
    def embed(ids: Sequence[str], variants: Variants, advance: Advance) -> NDArray[Any]:
        return embed_variants(
            ids,
            lambda name, pixels: [np.moveaxis(one, 2, 0) for one in variants(name, np.moveaxis(pixels, 0, 2))],
            store=archive.store,
            ledger=archive.ledger,
            bundle=archive.bundle,
            options=archive.options,
            workers=workers,
            advance=advance,
        )

    return embed


def _names(archives: Sequence["Archive"]) -> list[str]:
    """Models, and their archives where the models are of one name."""
    models = [str(archive.info()["model"]) for archive in archives]
    if len(set(models)) == len(models):
        return models
    return [f"{model} in {archive.path}" for model, archive in zip(models, archives, strict=True)]
