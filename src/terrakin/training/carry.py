"""A run that is computed on another machine: packed here before its first step, and finished here after its last."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from torch import Tensor

from terrakin.bundles.bundle import Bundle
from terrakin.errors import TrainingError
from terrakin.progress import Bars, hidden
from terrakin.training.ahead import cores
from terrakin.training.checkpoint import Checkpoint, write_checkpoint
from terrakin.training.codec import encode
from terrakin.training.finish import finish
from terrakin.training.half import halved, size_of
from terrakin.training.images import Images
from terrakin.training.pack import LIMIT, Luggage, must_be_packable, pack, together
from terrakin.training.packages import needed
from terrakin.training.recipe import Recipe
from terrakin.training.result import read_result
from terrakin.training.start import start_of, start_weights
from terrakin.training.teachers import Targets, write_targets
from terrakin.training.train import check, images_of, must_train_once, run_folder, teach

__all__ = ["Packed", "bring_home", "carry_away"]

_LOOKED_AT = 256
# Images that are coded to foresee how large all of them will be.

_WAYS = ((False, 70), (True, 70), (True, 50), (True, 35), (True, 25))
# Half precision or not, and quality of images, best first. Rounding weights costs least, so it comes before coarser images.

_SPARE = 0.04
# Share of the limit that is kept free: what is foreseen from some images is not exact.


@dataclass(frozen=True, slots=True)
class Packed:
    """A run that was packed."""

    size: int
    """Bytes of the file."""
    quality: int
    """Of the images, 1..100; see `terrakin.training.codec`."""
    half: bool
    """Whether weights and what teachers say are of half precision."""
    needs: tuple[str, ...] = ()
    """Packages that must be installed there besides torch and numpy, as pip names them."""


def carry_away(
    recipe: Recipe,
    data: Path,
    out: Path,
    file: Path,
    *,
    dataset: str | None = None,
    init: str | Path | None = None,
    seed: int = 0,
    cache: Path | None = None,
    limit: int = LIMIT,
    bars: Bars = hidden,
) -> Packed:
    """Do all of a run up to its first step, and write what the others need into one file.

    Images are coded with loss, so a run that was carried does not end with the same bits as one that stayed. Weights and what
    teachers say are rounded to half precision, and images are coded more coarsely, only where the file would be too large.

    Args:
        recipe: what to do.
        data: as `train`.
        out: the bundle that `bring_home` will write; decoded images are kept in `<out>.training` meanwhile.
        file: where to; replaced in one step.
        dataset: as `train`.
        init: as `train`.
        seed: as `train`.
        cache: as `train`.
        limit: bytes that the file may have.
        bars: asked for one for each stage that takes long.

    Raises:
        RecipeError: if the recipe does not fit the data.
        TrainingError: as `train`, or if the file would be too large whatever is rounded.
    """
    must_train_once(recipe)
    folder = run_folder(out, resume=False)
    begun_from = start_of(recipe, init)
    with bars("Reading", "images") as progress:
        images = images_of(recipe, data, cache or folder / "images", dataset=dataset, progress=progress)
    check(recipe, images)
    must_be_packable(images)
    with bars("Asking teachers", "images") as progress:
        taught = teach(recipe, images, folder, progress=progress)
    start = start_weights(begun_from, recipe, images)
    half, quality = _way(images, start, taught, limit)
    with TemporaryDirectory(dir=folder, prefix="packing-") as beside, bars("Packing", "images") as progress:
        weights = said = None
        if start is not None:
            weights = Path(beside, "start.npz")
            write_checkpoint(weights, Checkpoint({}, halved(start) if half else start))
        if taught:
            said = Path(beside, "targets.npz")
            write_targets(said, taught, half=half)
        luggage = Luggage(recipe.source, images, weights, said, seed)
        size = pack(luggage, file, quality=quality, limit=limit, workers=cores(), progress=progress)
    return Packed(size, quality, half, needed(recipe))


def bring_home(
    recipe: Recipe,
    data: Path,
    out: Path,
    result: Path,
    *,
    dataset: str | None = None,
    seed: int = 0,
    cache: Path | None = None,
    bars: Bars = hidden,
) -> Bundle:
    """Take over the result of a run that was carried away, and write its bundle.

    Args:
        recipe: that was packed; its `[export]` may have changed.
        data: as it was packed.
        out: the bundle, a new folder or .zip.
        result: what `python -m terrakin.training` wrote.
        dataset: as it was packed.
        seed: that was packed.
        cache: as it was packed.
        bars: asked for one for each stage that takes long.

    Raises:
        RecipeError: if the recipe does not fit the data.
        TrainingError: if the result is broken, or of another run, saying what differs.
    """
    must_train_once(recipe)
    folder = run_folder(out, resume=True)
    with bars("Reading", "images") as progress:
        images = images_of(recipe, data, cache or folder / "images", dataset=dataset, progress=progress)
    check(recipe, images)
    trained = read_result(result, folder, recipe, images, seed=seed)
    return finish(recipe, images, trained, folder, out)


def _way(images: Images, start: Mapping[str, Tensor] | None, taught: Targets, limit: int) -> tuple[bool, int]:
    """The best of `_WAYS` that is foreseen to fit."""
    rows = np.unique(np.linspace(0, len(images.ids) - 1, _LOOKED_AT).astype(np.int64))
    each = together(images.pixels.shape[1:])
    said = sum(target.nbytes for target in taught)
    coded: dict[int, int] = {}
    for half, quality in _WAYS:
        if quality not in coded:
            # In pieces as large as packing makes them: the coder needs many times the memory of what it codes.
            pieces = (images.pixels[rows[first : first + each]] for first in range(0, len(rows), each))
            coded[quality] = sum(len(encode(piece, quality=quality)) for piece in pieces) * len(images.ids) // len(rows)
        weights = size_of((halved(start) if half else start).values()) if start is not None else 0
        others = weights + (said // 2 if half else said)
        if coded[quality] + others <= limit * (1 - _SPARE):
            return half, quality
    raise TrainingError(
        f"packed, the run would have about {(coded[quality] + others) / 1e6:,.1f} MB and may have {limit / 1e6:,.1f}: images "
        f"{coded[quality] / 1e6:,.1f}, weights {weights / 1e6:,.1f}, teachers {said / 2e6:,.1f}, all of them rounded already. "
        "Store smaller images (--set data.stored=PIXELS), learn fewer dimensions of teachers, or train on fewer images"
    )
