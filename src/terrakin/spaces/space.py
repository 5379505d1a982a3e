"""A space: how the vectors of one model compare."""

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["Kind", "Missing", "Space"]

Kind = Literal["cosine", "pearson", "l2", "hamming", "codeset"]

Missing = Literal["half", "full", "zero-code"]


@dataclass(frozen=True, slots=True)
class Space:
    """How stored vectors compare. Distances are "smaller is closer" in every kind."""

    kind: Kind
    """`cosine`: 1 - cosine; `pearson`: 1 - correlation; `l2`: Euclidean; `hamming`: differing bits; `codeset`: their sum."""
    size: int
    """Dimensions of a float vector, bits of a code (a multiple of 8), or bits of each code of a set."""
    codes: int = 1
    """Codes in a set; 1 for every other kind."""
    missing: Missing = "half"
    """What a code that the query has and a chip lacks adds to the distance: `half` of its bits, its `full` bits, or by
    `zero-code` what differs from the bits that the chip stores in its place, those of a zero vector."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"a space is one of {', '.join(get_args(Kind))}, got {self.kind!r}")
        if self.size < 1 or (self.is_binary and self.size % 8):
            raise ValueError(f"a {self.kind} space needs a size of at least 1 (bits: a multiple of 8), got {self.size}")
        if self.codes != 1 and self.kind != "codeset":
            raise ValueError(f"only a codeset holds several codes, got {self.codes} for {self.kind}")
        if self.missing not in get_args(Missing):
            raise ValueError(f"a missing code counts as one of {', '.join(get_args(Missing))}, got {self.missing!r}")
        if self.missing != "half" and self.kind != "codeset":
            raise ValueError(f"only a codeset can lack codes, got {self.missing!r} for {self.kind}")

    @property
    def is_binary(self) -> bool:
        """True where vectors are packed bits."""
        return self.kind in ("hamming", "codeset")

    @property
    def dtype(self) -> str:
        """NumPy name of the stored type."""
        return "uint8" if self.is_binary else "float32"

    @property
    def width(self) -> int:
        """Stored values a vector: dimensions, or bytes. A code set stores one byte of presence for each eight codes in front.

        >>> Space("cosine", 128).width, Space("hamming", 64).width, Space("codeset", 32, codes=8).width
        (128, 8, 33)
        """
        if self.kind == "codeset":
            return -(-self.codes // 8) + self.codes * self.size // 8
        return self.size // 8 if self.is_binary else self.size

    @property
    def bytes(self) -> int:
        """Bytes of a stored vector.

        >>> Space("cosine", 128).bytes, Space("hamming", 64).bytes
        (512, 8)
        """
        return self.width if self.is_binary else 4 * self.width
