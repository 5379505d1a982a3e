"""From a trained network to a bundle: its end fitted on the images that trained, exported, written."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from terrakin.bundles.bundle import Bundle
from terrakin.bundles.conversions import Conversions, Part
from terrakin.bundles.reducer import fit as fit_reducer
from terrakin.bundles.reducer import parse_reducer
from terrakin.errors import RecipeError
from terrakin.training.augment import Augmentation, augment
from terrakin.training.card import card
from terrakin.training.curves import CURVES, draw
from terrakin.training.draft import Draft
from terrakin.training.ended import Ended
from terrakin.training.export import export
from terrakin.training.images import Images
from terrakin.training.loop import JOURNAL, Trained
from terrakin.training.network import Network
from terrakin.training.quantise import quantise
from terrakin.training.recipe import Recipe
from terrakin.training.validate import embed
from terrakin.training.whitening import within_class

__all__ = ["check_end", "embeddings_of", "finish"]

_CALIBRATION = 200
# Images on which ranges of activations are measured; 40 gave 0.002 mAP more or less on AID, which is the noise of it.


def finish(recipe: Recipe, images: Images, trained: Trained, folder: Path, out: Path, *, chapter: Sequence[str] = ()) -> Bundle:
    """The bundle of a trained network: whitening and reducer fitted on the images that trained, written, with its curves.

    Args:
        recipe: says in `[export]` how the bundle ends.
        images: those of the run.
        trained: what the run gave.
        folder: of the run; the curves are drawn there.
        out: the bundle, a new folder or .zip.
        chapter: of the card; see there.

    Raises:
        RecipeError: if the whitening cannot be fitted.
        TrainingError: if the graph does not give what torch gives, or does not bear fewer bits.
    """
    end, rows = recipe.export, trained.parts.train
    module, embeddings = _ended(recipe, images, trained.network, rows)
    reducer = None
    if end.reducer is not None and embeddings is not None:
        size, whiten = parse_reducer(end.reducer)
        reducer = fit_reducer([embeddings], size=size, whiten=whiten, fitted_on=end.training_data)
    text = card(recipe, images, trained, chapter=chapter)
    bundle = export(module.eval(), _draft(recipe, images, trained.network), card=text, reducer=reducer, weights=end.weights)
    if end.arithmetic == "int8":
        chosen = np.random.default_rng(0).permutation(rows)[:_CALIBRATION]
        shown = augment(images.pixels[np.sort(chosen)], end.size, Augmentation(), np.random.default_rng(0))
        bundle = quantise(bundle, np.ascontiguousarray(shown.numpy()), card=text)
    # The bundle first: hours are in it, and the curves can be drawn again from the log.
    bundle.save(out)
    draw(folder / JOURNAL, folder / CURVES)
    return bundle


def check_end(recipe: Recipe, images: Images, network: Network, training: int) -> None:
    """Refuse what the end of a bundle could not be made of.

    Args:
        recipe: says how the bundle ends.
        images: those of the run.
        network: of the recipe.
        training: images that train.

    Raises:
        RecipeError: if more components are kept than there are dimensions or images, or bits do not fill bytes.
        TrainingError: if no passport can say what `[export]` says.
    """
    _draft(recipe, images, network)
    end = recipe.export
    if end.space == "hamming" and network.head.size % 8:
        raise RecipeError(
            f"[export] space hamming fills bytes, but the head gives {network.head.size} values; take a multiple of 8"
        )
    wide = network.head.size + (network.backbone.channels if end.pooled else 0)
    if end.components is not None:
        _not_more(f"components = {end.components}", end.components, wide, training)
        wide = end.components
    if end.reducer is not None:
        size, _ = parse_reducer(end.reducer)
        _not_more(f"reducer {end.reducer}", size, wide, training)


def _not_more(what: str, size: int, wide: int, training: int) -> None:
    if size > wide or size >= training:
        raise RecipeError(
            f"[export] {what} keeps more than there is: the embedding has {wide} dimensions, and {training} images train"
        )


def embeddings_of(
    module: nn.Module, network: Network, images: Images, rows: NDArray[np.int64], size: int
) -> NDArray[np.float32]:
    """Embeddings (n, D) of the images of `rows`, resized to `size`, by a module that sees pixels as `network` does."""
    mean, std = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (network.mean, network.std))

    def forward(pixels: Tensor) -> Tensor:
        embedding: Tensor = module((pixels - mean) / std).embedding
        return embedding

    return embed(forward, images, rows, size=size)


def _ended(
    recipe: Recipe, images: Images, network: Network, rows: NDArray[np.int64]
) -> tuple[nn.Module, NDArray[np.float32] | None]:
    """What is exported, and its embeddings of the images that trained; None where nothing is fitted on them."""
    end = recipe.export
    if end.whiten is None and end.reducer is None:
        return Ended(network, pooled=True) if end.pooled else network, None
    if not end.pooled and end.whiten is None:
        return network, embeddings_of(network, network, images, rows, end.size)
    plain = Ended(network, pooled=end.pooled).eval()
    embeddings = embeddings_of(plain, network, images, rows, end.size)
    if end.whiten is None:
        return plain, embeddings
    try:
        whitening = within_class(embeddings, images.numbers[rows], shrinkage=end.whiten)
    except ValueError as exc:
        raise RecipeError(f"[export] whiten: {exc}") from exc
    if end.components is not None:
        whitening = whitening.leading(embeddings, end.components)
    return Ended(network, pooled=end.pooled, whitening=whitening), whitening.apply(embeddings)


def _draft(recipe: Recipe, images: Images, network: Network) -> Draft:
    return Draft(
        name=recipe.export.name,
        version=recipe.export.version,
        bands=images.bands,
        input_size=recipe.export.size,
        mean=network.mean,
        std=network.std,
        training_data=recipe.export.training_data,
        licence=recipe.export.licence,
        space=recipe.export.space,
        scaling=None if recipe.data.files.scaling == "auto" else recipe.data.files.scaling,
        upsampling=recipe.data.files.upsampling,
        frontend=_conversions(recipe, network),
    )


def _conversions(recipe: Recipe, network: Network) -> Conversions | None:
    if recipe.frontend is None or network.frontend is None:
        return None
    parts = tuple(Part(name, length) for name, length in network.frontend.parts.items())
    return Conversions(recipe.frontend.name, parts, network.frontend.order)
