"""What a model's front-end does with an image, so that its parameters can be read without the network."""

import re
from dataclasses import dataclass

__all__ = ["Conversions", "Part", "step_output"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Part:
    """The numbers of `theta` that one conversion takes."""

    name: str
    """Of the conversion: `affine`, `tps`, `linear`, `gamma`, `gamma-band`, `gamma-grid`, or one of a third party."""
    length: int
    """How many numbers, at least 1."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a conversion's name is letters, digits, dots, hyphens and underscores, got {self.name!r}")
        if self.length < 1:
            raise ValueError(f"conversion {self.name} takes at least 1 number of theta, got {self.length}")


@dataclass(frozen=True, slots=True)
class Conversions:
    """A front-end as a passport describes it: which conversions, by which part of `theta`, in which order."""

    name: str
    """Of the front-end: `jsst`, `spatial`, `spectral`, or one of a third party."""
    parts: tuple[Part, ...]
    """A part for each conversion, in the order in which they lie in `theta`."""
    order: tuple[str, ...]
    """Names of the conversions, in the order in which they act."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a front-end's name is letters, digits, dots, hyphens and underscores, got {self.name!r}")
        names = [part.name for part in self.parts]
        if not names or len(set(map(step_output, names))) < len(names):
            raise ValueError(f"a front-end has one conversion or more, each of its own name, got {', '.join(names) or 'none'}")
        if sorted(self.order) != sorted(names):
            raise ValueError(f"order names each conversion once ({', '.join(names)}), got {', '.join(self.order) or 'none'}")

    @property
    def length(self) -> int:
        """Numbers of `theta`."""
        return sum(part.length for part in self.parts)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Outputs of the graph that tell what the front-end did: `theta`, then the images after each conversion."""
        return "theta", *map(step_output, self.order)


def step_output(conversion: str) -> str:
    """The output of a graph that holds the images after a conversion.

    >>> step_output("gamma-band")
    'after_gamma_band'
    """
    # ONNX wants names of letters, digits and underscores.
    return "after_" + re.sub(r"[^A-Za-z0-9_]", "_", conversion)
