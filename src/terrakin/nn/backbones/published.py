"""Published weights: strict loading, and what is done about other bands."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from terrakin.errors import TrainingError

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "load_strictly", "per_band", "with_fresh"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Of ImageNet's training images in [0, 1], red, green, blue: what torchvision's weights were trained with."""
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Likewise, the standard deviation."""

_UNUSED = "num_batches_tracked"
# A counter that batch norm reads only where it has no momentum; older checkpoints lack it.


def load_strictly(network: nn.Module, state: Mapping[str, Tensor], *, first: str, classifier: tuple[str, ...]) -> None:
    """Load a published checkpoint into `network`, whose names are the checkpoint's.

    Where the checkpoint was trained on another number of bands, the kernel of every band in the first convolution is the mean
    of the published kernels, times published bands / bands. An image whose bands are all alike then gives the activations that
    it gave the published network, so what follows sees values of the scale that it knows.

    Args:
        network: what is loaded; untouched if the checkpoint does not fit.
        state: tensors by name.
        first: name of the first convolution's weight.
        classifier: names that the checkpoint may hold and `network` does not use.

    Raises:
        TrainingError: naming every tensor that is missing, not known, or of another shape.
    """
    wanted = network.state_dict()
    given = {name: values for name, values in state.items() if name not in classifier}
    if first in given and given[first].ndim == wanted[first].ndim:
        given[first] = _for_bands(given[first], wanted[first].shape[1])
    missing = [name for name in wanted if name not in given and not name.endswith(_UNUSED)]
    unknown = [name for name in given if name not in wanted]
    misshapen = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in given and given[name].shape != wanted[name].shape
    ]
    wrong = {"missing": missing, "not known": unknown, "of another shape": misshapen}
    if any(wrong.values()):
        found = "; ".join(f"{what}: {', '.join(names)}" for what, names in wrong.items() if names)
        raise TrainingError(
            f"these weights are not those of {type(network).__name__} ({found}). Choose the backbone that they belong to"
        )
    network.load_state_dict(given, strict=False)


def with_fresh(network: nn.Module, state: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """A published checkpoint, and where it holds nothing of the parts called `part`, those of `network` as they are.

    A checkpoint that holds some of them holds all, or is refused when it is loaded.
    """
    if any(_is_of(part, name) for name in state):
        return dict(state)
    return {**state, **{name: values for name, values in network.state_dict().items() if _is_of(part, name)}}


def per_band(published: tuple[float, ...], bands: int) -> tuple[float, ...]:
    """A value for each of `bands`: the published ones where they are as many, else their mean for every band.

    >>> per_band((0.25, 0.5, 0.75), 2)
    (0.5, 0.5)
    """
    return published if bands == len(published) else (sum(published) / len(published),) * bands


def _is_of(part: str, name: str) -> bool:
    return part in name.split(".")


def _for_bands(kernels: Tensor, bands: int) -> Tensor:
    """Kernels (out, C, kh, kw) as (out, bands, kh, kw)."""
    published = kernels.shape[1]
    if published == bands:
        return kernels
    return torch.mean(kernels, dim=1, keepdim=True).expand(-1, bands, -1, -1) * (published / bands)
