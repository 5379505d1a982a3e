"""Multi-code hashing as plain arrays, for an `.npz` without pickle."""

import json
from dataclasses import fields
from typing import Any

import numpy as np

from terrakin.errors import HashingError, TerrakinError
from terrakin.hashing.hasher import Arrays
from terrakin.hashing.known import load_hasher
from terrakin.hashing.multicode import MultiCode
from terrakin.regions.classes import Classes, Classifier
from terrakin.regions.describer import Describer
from terrakin.regions.known import segmenter, settings_of
from terrakin.regions.mixture import Mixture
from terrakin.regions.primitives import Primitives
from terrakin.regions.regression import Regression
from terrakin.regions.standard import Standard
from terrakin.regions.svm import Svm

__all__ = ["arrays_of", "load_multi_code"]

_MIXTURE = ("components", "weights", "means", "roots", "bic", "saturated")


def arrays_of(coder: MultiCode) -> Arrays:
    """Everything it consists of, but for the cache; `load_multi_code` makes the same of it."""
    name, settings = settings_of(coder.describer.segmenter)
    said = {
        "segmenter": name,
        "settings": settings,
        "bands": coder.describer.bands,
        "min_area": coder.describer.min_area,
        "kept": coder.kept,
        "threshold": coder.threshold,
        "missing": coder.missing,
    }
    result: dict[str, Any] = {"said": np.array(json.dumps(said, sort_keys=True))}
    standard = coder.primitives.standard
    result |= {"standard.mean": standard.mean, "standard.factor": standard.factor}
    result |= {f"primitives.{key}": value for key, value in _primitives(coder.primitives).items()}
    for number, hasher in enumerate(coder.hashers):
        result |= {f"hasher.{number}.{key}": value for key, value in hasher.arrays().items()}
    return result


def load_multi_code(arrays: Arrays) -> MultiCode:
    """The multi-code hashing that gave `arrays`.

    Raises:
        HashingError: if they are not those of one.
    """
    try:
        said = json.loads(str(arrays["said"].item()))
        standard = Standard(_floats(arrays["standard.mean"]), _floats(arrays["standard.factor"]))
        bands = said["bands"]
        describer = Describer(
            segmenter(said["segmenter"], said["settings"]), None if bands is None else tuple(bands), int(said["min_area"])
        )
        kept = tuple(int(number) for number in said["kept"])
        hashers = tuple(load_hasher(_below(arrays, f"hasher.{number}.")) for number in range(len(kept)))
        primitives = _loaded(_below(arrays, "primitives."), standard)
        coder = MultiCode(describer, primitives, kept, hashers, float(said["threshold"]), said["missing"])
        # A set of a region tells whether everything fits together.
        coder.encode([standard.mean[None]])
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, TerrakinError) as exc:
        raise HashingError(f"these arrays are not those of multi-code hashing: {exc!r}") from exc
    return coder


def _primitives(primitives: Primitives) -> dict[str, Any]:
    match primitives:
        case Mixture():
            return {key: np.asarray(getattr(primitives, key)) for key in _MIXTURE}
        case Classes(classes=names, classifier=(Regression() | Svm()) as classifier):
            parts = {field.name: np.asarray(getattr(classifier, field.name)) for field in fields(classifier)}
            return {"classes": np.array(names), **parts}
        case _:
            raise HashingError(f"primitives of the type {type(primitives).__name__} cannot be saved; use a mixture or classes")


def _loaded(arrays: Arrays, standard: Standard) -> Primitives:
    if "classes" in arrays:
        return Classes(standard, tuple(str(name) for name in arrays["classes"].tolist()), _classifier(arrays))
    components, weights, means, roots = (_floats(arrays[key]) for key in _MIXTURE[:4])
    return Mixture(standard, components, weights, means, roots, float(arrays["bic"].item()), float(arrays["saturated"].item()))


def _classifier(arrays: Arrays) -> Classifier:
    if "slopes" in arrays:
        return Regression(_floats(arrays["slopes"]), _floats(arrays["offsets"]))
    vectors, weights, offsets, platt = (_floats(arrays[key]) for key in ("vectors", "weights", "offsets", "platt"))
    return Svm(vectors, float(arrays["gamma"].item()), weights, offsets, platt)


def _below(arrays: Arrays, head: str) -> Arrays:
    return {name.removeprefix(head): array for name, array in arrays.items() if name.startswith(head)}


def _floats(array: Any) -> Any:
    return np.asarray(array, np.float64)
