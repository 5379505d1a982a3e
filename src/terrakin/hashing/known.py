"""The hash functions there are: fitted by name, and read back from their arrays."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import HashingError, UnknownNameError
from terrakin.hashing.hasher import Arrays, Hasher, Learner, Option, checked
from terrakin.progress import Progress, silent
from terrakin.registry import Registry, nearest

__all__ = ["FORMS", "HASHERS", "fit_hasher", "load_hasher", "parse_hasher", "usable"]

_HERE = "terrakin.hashing"

HASHERS = Registry[type[Learner]](
    "hashers",
    {
        "dhn": f"{_HERE}.dhn:Dhn",
        "itq": f"{_HERE}.itq:Itq",
        "kslsh": f"{_HERE}.kslsh:Kslsh",
        "kulsh": f"{_HERE}.kulsh:Kulsh",
        "lsh": f"{_HERE}.lsh:Lsh",
        "mhcln": f"{_HERE}.mhcln:Mhcln",
        "sign": f"{_HERE}.sign:Sign",
    },
)
"""Ways to fit a hash function by name: frozen dataclasses whose fields are their options."""

FORMS = Registry[type[Hasher]](
    "hash-forms",
    {
        "kernel": f"{_HERE}.kernel_form:KernelForm",
        "linear": f"{_HERE}.linear_form:LinearForm",
        "network": f"{_HERE}.network_form:NetworkForm",
    },
)
"""What fitted hash functions consist of. Several ways to fit end in one form."""


def fit_hasher(
    name: str,
    vectors: NDArray[np.float32],
    *,
    bits: int,
    labels: Sequence[Sequence[str]] | None = None,
    seed: int = 0,
    progress: Progress = silent,
    **options: Option,
) -> Hasher:
    """Fit a hash function to vectors such as those it will read.

    Equal arguments give an equal hash function on one machine; linear algebra libraries differ in their last bits.

    Args:
        name: in `HASHERS`.
        vectors: (N, D). Not modified.
        bits: length of a code: a multiple of 8, at least 8.
        labels: N label sets, for hash functions that learn from labels. Vectors without a label are left out.
        seed: of everything that is drawn, at least 0.
        progress: called now and then where fitting takes long, with the steps or bits that are done.
        options: those of the hash function.

    Raises:
        UnknownNameError: if there is none of that name.
        HashingError: if it has no such option, labels are missing, or the vectors are too few or too alike.
        ValueError: if `vectors` are not (N, D), hold NaN or infinity, or `bits` is not a multiple of 8.

    >>> rows = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32)
    >>> hasher = fit_hasher("kulsh", rows, bits=24, anchors=40)
    >>> hasher.codes(rows).shape, load_hasher(hasher.arrays()).bits
    ((50, 3), 24)
    """
    if bits < 8 or bits % 8:
        raise ValueError(f"codes have a multiple of 8 bits, at least 8, got {bits}")
    if seed < 0:
        raise ValueError(f"a seed is at least 0, got {seed}")
    learner = _learner(name, options)
    rows = checked(vectors).astype(np.float32)
    kept = usable(name, len(rows), labels)
    known: list[Sequence[str]] = []
    if learner.supervised and labels is not None:
        rows, known = rows[kept], [labels[row] for row in kept]
    if len(rows) < 2:
        raise HashingError(f"cannot fit {name} on {len(rows)} vectors; give more")
    return learner.fit(rows, known, bits=bits, seed=seed, progress=progress)


def usable(name: str, count: int, labels: Sequence[Sequence[str]] | None) -> list[int]:
    """Which of `count` vectors a hash function can be fitted on: where it learns from labels those that have one, else all.

    Args:
        name: in `HASHERS`.
        count: of vectors.
        labels: their label sets, where there are any.

    Raises:
        UnknownNameError: if there is none of that name.
        HashingError: if it learns from labels and there are not two different ones.
        ValueError: if there are labels for another number of vectors.
    """
    if labels is not None and len(labels) != count:
        raise ValueError(f"labels are {count} like the vectors, got {len(labels)}")
    if not HASHERS[name].supervised:
        return list(range(count))
    if labels is None:
        raise HashingError(f"{name} learns from labels and there are none; label the chips, or choose kulsh, itq, lsh or sign")
    kept = [row for row, several in enumerate(labels) if several]
    there = {label for row in kept for label in labels[row]}
    if len(there) < 2:
        found = f"all of {', '.join(there)}" if there else "without a label"
        raise HashingError(f"{name} learns from two different labels at least; these {count} vectors are {found}")
    return kept


def parse_hasher(words: str) -> tuple[str, dict[str, Option]]:
    """Name and options of a hash function in words: `NAME`, or `NAME:OPTION=VALUE` with commas between options.

    Raises:
        UnknownNameError: if there is none of that name.
        HashingError: if it has no such option, or a value is not one of the option's.

    >>> parse_hasher("dhn:steps=3000,rate=0.001")
    ('dhn', {'steps': 3000, 'rate': 0.001})
    """
    name, colon, rest = words.partition(":")
    defaults = {field.name: field.default for field in fields(HASHERS[name])}  # type: ignore[arg-type]  # dataclasses
    options: dict[str, Option] = {}
    for pair in rest.split(",") if colon else ():
        option, _, value = (part.strip() for part in pair.partition("="))
        options[option] = _value(name, option, value, defaults.get(option))
    _learner(name, options)  # a wrong option is told here
    return name, options


def _value(name: str, option: str, text: str, like: object) -> Option:
    """A value as an option writes it, of the kind that its default is of."""
    try:
        if isinstance(like, bool):
            return {"true": True, "false": False}[text]
        return type(like)(text) if isinstance(like, int | float) else text
    except (KeyError, ValueError) as exc:
        kind = "true or false" if isinstance(like, bool) else "a whole number" if isinstance(like, int) else "a number"
        raise HashingError(
            f"hash function {name}: {option} is {kind}, such as {option}={str(like).lower()}, got {text!r}"
        ) from exc


def load_hasher(arrays: Arrays) -> Hasher:
    """The hash function that gave `arrays`, ready to use; nothing is needed but NumPy.

    Raises:
        HashingError: if they are not those of a hash function.
    """
    try:
        hasher = FORMS[str(arrays["form"].item())].of(arrays)
    except UnknownNameError as exc:
        raise HashingError(f"these arrays are of a hash function that this terrakin does not know: {exc}") from exc
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        raise HashingError(f"these arrays are not those of a hash function: {exc!r}") from exc
    return hasher


def _learner(name: str, options: dict[str, Option]) -> Learner:
    made = HASHERS[name]
    known = [field.name for field in fields(made)]  # type: ignore[arg-type]  # the registry holds dataclasses
    for option in options:
        if option not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise HashingError(f"hash function {name} has no option {option!r};{nearest(option, known)} {there}")
    try:
        return made(**options)
    except ValueError as exc:
        raise HashingError(f"hash function {name}: {exc}") from exc
