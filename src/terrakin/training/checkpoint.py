"""Checkpoints: the whole state of a run in one file, without pickle."""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrakin.errors import TrainingError

__all__ = ["Checkpoint", "best_of", "read_checkpoint", "write_checkpoint"]

FORMAT = 1
"""Number of the checkpoint's format."""

_FACTS = "facts"

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError, zipfile.BadZipFile)
# A flipped bit can make a member look encrypted, which is a RuntimeError.
# What NumPy, its archive and JSON raise on broken files.


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A run between two steps."""

    facts: Mapping[str, Any]
    """JSON values: the next step, seed, recipe and what else must agree on resuming."""
    tensors: Mapping[str, Tensor]
    """Weights, statistics, running averages and the optimiser's memory, by dotted names."""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write to `path`, in one move: a reader finds the old file or the new one, whole.

    Raises:
        TrainingError: if it cannot be written; the old file stays.
    """
    arrays: dict[str, NDArray[Any]] = {name: tensor.detach().cpu().numpy() for name, tensor in checkpoint.tensors.items()}
    text = json.dumps({"format": FORMAT, **checkpoint.facts})
    arrays[_FACTS] = np.frombuffer(text.encode(), np.uint8)
    beside = path.with_name(f"{path.name}.new")
    try:
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as exc:
        beside.unlink(missing_ok=True)
        raise TrainingError(f"cannot write the checkpoint {path}: {exc.strerror or exc}") from exc


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        TrainingError: if there is none, it is broken, or of a newer format.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(arrays.pop(_FACTS).tobytes())
        found = facts.pop("format")
    except _UNREADABLE as exc:
        raise TrainingError(f"cannot read the checkpoint {path}: {exc}; start again without --resume") from exc
    if found != FORMAT:
        raise TrainingError(f"the checkpoint {path} has format {found}, this program reads {FORMAT}")
    return Checkpoint(facts, {name: torch.from_numpy(array) for name, array in arrays.items()})


def best_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The network that a checkpoint's run gives, by the network's own names: the average where there is one.

    A file that holds a network alone, as a carried run leaves it, is that network.
    """
    for prefix in ("average.", "network."):
        if found := {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}:
            return found
    return dict(tensors)
