"""What a run's backbone starts from: a file of weights, a bundle, or nothing."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrakin.bundles.bundle import BUNDLES, Bundle, open_bundle
from terrakin.errors import TrainingError
from terrakin.nn.backbones.backbone import Backbone
from terrakin.nn.backbones.known import BACKBONES
from terrakin.training.augment import Augmentation, augment
from terrakin.training.images import Images
from terrakin.training.recipe import Recipe
from terrakin.training.unfold import unfold
from terrakin.training.weights import read_weights, recognise

__all__ = ["Start", "start_of", "start_weights"]

Start = Mapping[str, Tensor] | Bundle | None
"""Weights by the backbone's names, a bundle that holds them, or nothing."""

_IMAGES = 64
# From which batch norm's statistics are taken where a bundle is the start: a step's worth.


def start_of(recipe: Recipe, init: str | Path | None) -> Start:
    """What is to be started from, read; this costs little and is done before images are.

    Args:
        recipe: says whether it can start from nothing.
        init: a file of weights, or the name or path of a bundle.

    Raises:
        TrainingError: if the recipe needs weights and there are none, or the file cannot be read or is of another network.
        BundleError: if the bundle cannot be read.
    """
    if init is None:
        if recipe.backbone.pretrained:
            raise TrainingError(
                f"recipe {recipe.name} starts from published weights of {recipe.backbone.name}; give their file with --init, "
                "or start from nothing with --set backbone.pretrained=false"
            )
        return None
    path = Path(init)
    # A bundle is a folder, a zip, or a name; weights lie in a file.
    if str(init) in BUNDLES or path.is_dir() or path.suffix == ".zip":
        return open_bundle(init)
    name = recipe.backbone.name
    # A third party's may be made by a function, which says nothing of it.
    plain = getattr(BACKBONES[name], "plain", None)
    return recognise(read_weights(path), architecture=name if plain is None else (name, plain)).state


def start_weights(start: Start, recipe: Recipe, images: Images) -> Mapping[str, Tensor] | None:
    """The weights by the backbone's names; those of a bundle get batch norm with statistics of the images.

    Raises:
        TrainingError: if the bundle is of another network or reads other bands.
    """
    if not isinstance(start, Bundle):
        return start
    if len(start.passport.bands) != len(images.bands):
        raise TrainingError(
            f"{start.passport.name} reads {', '.join(start.passport.bands)}; the images have {', '.join(images.bands)}"
        )
    rows = np.linspace(0, len(images.ids) - 1, min(_IMAGES, len(images.ids))).astype(np.int64)
    values = augment(images.pixels[rows], start.passport.input_size, Augmentation(), np.random.default_rng(0))
    backbone = _unfolded(start, recipe, np.ascontiguousarray(values.numpy()))
    return {name: tensor.detach() for name, tensor in backbone.state_dict().items()}


def _unfolded(start: Bundle, recipe: Recipe, values: NDArray[np.float32]) -> Backbone:
    """The backbone of a recipe with the weights of a bundle.

    Where the recipe keeps a part and the bundle has no copy of just that part, both copies begin as what the bundle has.
    """
    bands, options = values.shape[1], dict(recipe.backbone.options)
    with torch.random.fork_rng(devices=()):
        backbone = BACKBONES[recipe.backbone.name](bands, **options)
        if options.pop("kept", None) is None:
            unfold(start, backbone, values)
            return backbone
        alone = BACKBONES[recipe.backbone.name](bands, **options)
    try:
        unfold(start, backbone, values)
    except TrainingError:
        unfold(start, alone, values)
        backbone.load_published(alone.state_dict())
    return backbone
