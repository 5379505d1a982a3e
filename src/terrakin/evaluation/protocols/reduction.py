"""Reduction inside a protocol: principal components of the gallery, without labels."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.reducer import fit
from terrakin.errors import BundleError, EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

__all__ = ["Reduced", "float_vectors", "reduce"]


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Vectors of all chips after a reduction that was fitted on some of them."""

    vectors: NDArray[Any]
    """(N, size) packed."""
    space: Space
    """How they compare."""
    warnings: tuple[str, ...]
    """Says so where fewer dimensions are left than the protocol asks for."""


def reduce(
    labelled: Labelled, gallery: NDArray[np.int64], *, size: int, kind: Literal["pearson", "l2"], protocol: str
) -> Reduced:
    """Principal components of the gallery's embeddings, applied to all chips.

    Args:
        labelled: chips with float vectors.
        gallery: (G,) rows to fit on.
        size: dimensions to keep; fewer are kept where vectors or gallery have fewer.
        kind: space of the result.
        protocol: for messages.

    Raises:
        EvaluationError: if vectors are bits, or cannot be reduced.
    """
    vectors = float_vectors(labelled, protocol)
    kept = min(size, vectors.shape[1], len(gallery) - 1)
    space = Space(kind, max(kept, 1))
    try:
        reduced = fit([vectors[gallery]], size=kept, fitted_on="gallery").apply(vectors)
        packed = pack(space, reduced)
    except (BundleError, ValueError) as exc:
        raise EvaluationError(f"protocol {protocol} cannot reduce these vectors: {exc}") from exc
    asked = f"protocol {protocol} reduces to {size} dimensions, but only {kept} are left of {vectors.shape[1]}"
    return Reduced(packed, space, (f"{asked} and a gallery of {len(gallery)}",) if kept < size else ())


def float_vectors(labelled: Labelled, protocol: str) -> NDArray[np.float32]:
    """The chips' vectors (N, D).

    Raises:
        EvaluationError: if they are bits.
    """
    if labelled.space.is_binary:
        raise EvaluationError(
            f"protocol {protocol} compares float embeddings, but these are {labelled.space.kind} codes; "
            "ask vectors (without --codes; of a bundle of a cosine, pearson or l2 space), or choose loo"
        )
    return np.asarray(labelled.vectors, dtype=np.float32)
