"""Explaining: what a model's front-end made of a query and of its hits before they were compared."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terrakin.archive.again import read_again
from terrakin.archive.ledger import Ledger
from terrakin.archive.options import IndexOptions
from terrakin.archive.store import Store
from terrakin.bundles.bundle import Bundle
from terrakin.bundles.conversions import Conversions
from terrakin.bundles.passport import Passport
from terrakin.chips.pixels import Pixels
from terrakin.chips.window import Box
from terrakin.errors import BundleError
from terrakin.search.ask import ask
from terrakin.search.conversions.known import read_theta
from terrakin.search.example import read_file
from terrakin.search.explanation import ExplainedImage, Explanation, Role, Step
from terrakin.search.rank import rank

__all__ = ["conversions_of", "explain"]


def explain(
    archive: str,
    store: Store,
    ledger: Ledger,
    example: str | Path,
    *,
    bundle: Bundle,
    options: IndexOptions,
    k: int,
    box: Box | None = None,
    where: str | None = None,
    bbox: Box | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Explanation:
    """Search for one example, and show what the front-end makes of it and of each hit.

    Images are read again from their scenes, as they were read when they were indexed.

    Args:
        archive: path of the archive, for the answer.
        store: the archive's.
        ledger: the archive's.
        example: id of a chip, or path of an image or scene; like all that follows as in `ask`.
        bundle: the archive's.
        options: the archive's.
        k: how many hits, at least 1.
        box: the part of the example, a scene file, that is meant.
        where: filter text.
        bbox: only chips that touch it.
        since: only chips of then or later.
        until: only chips of then or earlier.

    Raises:
        BundleError: if the model has no front-end, or its passport does not describe it.
        ChipNotFoundError: if the example is neither a chip nor a file.
        SceneError: if the example, or the scene of a hit, cannot be read.
        FilterError: if the filter cannot be read.
    """
    passport = bundle.passport
    conversions = conversions_of(passport)
    query = ask(
        store, [example], bundle=bundle, options=options, k=k, box=box, where=where, bbox=bbox, since=since, until=until
    )
    ranking = rank(archive, store, query)
    # Of a query that is a chip, `without` holds the id.
    chips = [*query.without, *(hit.id for hit in ranking.hits)]
    pixels = read_again(store, ledger, chips, passport=passport, options=options)
    if not query.without:
        pixels.insert(0, read_file(Path(example), passport=passport, options=options, box=box))
    told = [_Told("query", query.words, query.labels)]
    told += [_Told("hit", hit.id, hit.labels, hit.rank, hit.distance) for hit in ranking.hits]
    return Explanation(
        archive=archive,
        model=f"{passport.name} {passport.version}",
        frontend=conversions.name,
        bands=passport.bands,
        query=query.words,
        space=ranking.space,
        k=k,
        filter=query.filter,
        images=tuple(_explained(one, shown, bundle, conversions) for one, shown in zip(told, pixels, strict=True)),
    )


def conversions_of(passport: Passport) -> Conversions:
    """What a model's front-end does.

    Raises:
        BundleError: if it has none, or its passport does not describe it.
    """
    if passport.frontend is not None:
        return passport.frontend
    if "theta" in passport.outputs:
        raise BundleError(
            f"the passport of {passport.name} does not say what its front-end does, as older ones do not. Write the bundle "
            "again: move it away, run its `terrakin train` command with --resume, and index with what that writes"
        )
    raise BundleError(
        f"{passport.name} cannot be explained: it has no front-end that converts images before they are compared. Models that "
        "are trained by a recipe with [frontend] have one, such as mobilenetv2.jsst"
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What is known of an image besides its pixels; fields as in `ExplainedImage`."""

    role: Role
    id: str
    labels: tuple[str, ...]
    rank: int | None = None
    distance: float | None = None


def _explained(told: _Told, pixels: Pixels, bundle: Bundle, conversions: Conversions) -> ExplainedImage:
    passport = bundle.passport
    one = pixels.values[np.newaxis]
    theta, steps = bundle.theta(one)[0], bundle.steps(one)
    readings = read_theta(theta, conversions, bands=passport.bands, size=passport.input_size)
    return ExplainedImage(
        id=told.id,
        role=told.role,
        rank=told.rank,
        distance=told.distance,
        labels=told.labels,
        theta=tuple(theta.tolist()),
        image=pixels.values,
        steps=tuple(Step(name, reading, steps[name][0]) for name, reading in readings.items()),
    )
