"""A user's weights: read from a file without running what is in it, and recognised."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError  # the exception alone, which torch.load raises on what is not plain tensors

import torch
from torch import Tensor

from terrakin.errors import TrainingError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.registry import require
from terrakin.training.checkpoint import best_of, read_checkpoint
from terrakin.training.half import whole

__all__ = ["Recognised", "read_weights", "recognise"]

_NESTS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights")
"""Keys under which training scripts keep the tensors beside their own affairs, in order of preference."""

_CLASSIFIERS = frozenset({"fc", "classifier", "head", "last_linear"})
"""First parts of the names that classifiers have in torchvision, timm and their descendants."""

_KEPT = "kept."
# Begins the names of the copy that a run does not train; not every network of the architecture has one.

_COUNTER = "num_batches_tracked"
# Batch norm's; older checkpoints lack it.

_UNREADABLE = (
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
    struct.error,
)
# What torch.load raises on broken files: found with 60,000 of them.

_TOLD = 4
# Names of tensors that a message lists before it only counts.


@dataclass(frozen=True, slots=True, eq=False)
class Recognised:
    """Weights that are those of a backbone."""

    architecture: str
    """Its name in the registry of backbones."""
    bands: int
    """Bands of the images that it reads."""
    state: Mapping[str, Tensor]
    """Its tensors by the backbone's own names, and those of a copy that was kept beside it."""
    left_out: tuple[str, ...]
    """Tensors of the file that do not belong to the backbone without options: a classifier, mostly."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a file by name: `.safetensors`, a run's checkpoint `.npz`, or what `torch.save` wrote of a state dict.

    Of a checkpoint they are those of the network that the run would export. Only tensors and plain values are read: a file that
    holds whole objects would run its author's code, and is refused.

    Raises:
        MissingExtraError: if the file is a .safetensors and that package is not installed.
        TrainingError: if it cannot be read, or holds no tensors by name.
    """
    if not path.is_file():
        raise TrainingError(f"there is no file of weights at {str(path)!r}; name a .pth, .pt, .safetensors, .npz or .onnx file")
    readers = {".safetensors": _safetensors, ".npz": _checkpoint}
    content = readers.get(path.suffix.lower(), _torch)(path)
    state = _tensors(content)
    if not state:
        raise TrainingError(
            f"{str(path)!r} holds no tensors by name; save the network's state_dict() and convert that file instead"
        )
    return state


def recognise(state: Mapping[str, Tensor], *, architecture: str | tuple[str, ...] | None = None) -> Recognised:
    """The backbone that tensors belong to, by their names and shapes.

    A prefix that all of a backbone's tensors share (`module.`, `backbone.`) is taken off; tensors outside of it and a
    classifier's are left out. Anything else that is missing, more or of another shape would be another network.

    Args:
        state: tensors by name.
        architecture: the only backbone to try, or the only ones.

    Raises:
        UnknownNameError: if there is no such backbone.
        TrainingError: if the tensors are of none, naming the nearest and what differs.
    """
    names = [architecture] if isinstance(architecture, str) else list(BACKBONES if architecture is None else architecture)
    differences: dict[str, list[str]] = {}
    for name in names:
        wanted = _shapes(name)
        prefix = _prefix(state, wanted)
        inside = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        mine = {key: value for key, value in inside.items() if key.partition(".")[0] not in _CLASSIFIERS}
        differences[name] = _differences(mine, wanted)
        if not differences[name]:
            first = next(key for key, shape in wanted.items() if len(shape) == 4)
            used = {prefix + key for key in mine if not key.startswith(_KEPT)}
            left = tuple(key for key in state if key not in used)
            # A backbone of certain bands takes them apart before its first convolution.
            bands = len(getattr(BACKBONES[name], "reads", ())) or mine[first].shape[1]
            return Recognised(name, bands, mine, left)
    nearest = min(names, key=lambda name: len(differences[name]))
    told, more = differences[nearest][:_TOLD], len(differences[nearest]) - _TOLD
    raise TrainingError(
        f"these weights are of no backbone that is known ({', '.join(names)}); nearest is {nearest}, but "
        f"{'; '.join(told)}{f' and {more} more' if more > 0 else ''}. Export the network as ONNX and convert that"
    )


def _checkpoint(path: Path) -> object:
    return whole(best_of(read_checkpoint(path).tensors))


def _safetensors(path: Path) -> object:
    reader = require("safetensors.torch", extra="train")
    errors = require("safetensors", extra="train")
    try:
        return reader.load_file(path)
    except (errors.SafetensorError, OSError) as exc:
        raise TrainingError(f"cannot read {str(path)!r} as safetensors: {exc}") from exc


def _torch(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as exc:
        raise TrainingError(
            f"{str(path)!r} is not a file of tensors alone, or is broken; what else it holds could run code and is not read. "
            "Where you trust it, save its state_dict() and convert that file"
        ) from exc
    except _UNREADABLE as exc:
        raise TrainingError(f"cannot read {str(path)!r} as weights: {str(exc).partition(chr(10))[0]}") from exc


def _tensors(content: object) -> dict[str, Tensor]:
    """The tensors by name in what was read, which may lie under a key of a training script's."""
    if not isinstance(content, Mapping):
        return {}
    for nest in _NESTS:
        if isinstance(content.get(nest), Mapping):
            return _tensors(content[nest])
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Shapes of a backbone's tensors by name; nothing is allocated."""
    with torch.device("meta"):
        return {key: tuple(value.shape) for key, value in BACKBONES[name]().state_dict().items()}


def _prefix(state: Mapping[str, Tensor], wanted: Mapping[str, tuple[int, ...]]) -> str:
    """What stands before the most of a backbone's names; the shortest, where several do."""
    first = next(iter(wanted))
    candidates = sorted({key.removesuffix(first) for key in state if key.endswith(first)} | {""}, key=len)
    return max(candidates, key=lambda prefix: sum(f"{prefix}{name}" in state for name in wanted))


def _differences(state: Mapping[str, Tensor], wanted: Mapping[str, tuple[int, ...]]) -> list[str]:
    first = next(name for name, shape in wanted.items() if len(shape) == 4)
    found = []
    for name, shape in wanted.items():
        if name not in state:
            found += [] if name.endswith(_COUNTER) else [f"{name} is missing"]
            continue
        have = tuple(state[name].shape)
        # The first convolution may read any number of bands.
        if have != shape and not (name == first and len(have) == 4 and have[:1] + have[2:] == shape[:1] + shape[2:]):
            found.append(f"{name} is {have} instead of {shape}")
    return found + [f"{name} is not known" for name in state if name not in wanted and not name.startswith(_KEPT)]
