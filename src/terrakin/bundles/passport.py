"""The passport: what a trained model needs and what it gives."""

import math
import re
from dataclasses import dataclass
from typing import Any, get_args

from terrakin.bundles.conversions import Conversions
from terrakin.chips.pixels import Upsampling
from terrakin.chips.scaling import parse_scaling
from terrakin.errors import PassportMismatchError
from terrakin.spaces.space import Space

__all__ = ["FORMAT", "SELF_TEST_PARTS", "Hashing", "MultiCoding", "Passport", "Reduction", "must_match"]

FORMAT = 1
"""Number of the bundle format that this program writes."""

SELF_TEST_PARTS = 8
"""Parts of the self-test's embedding whose means a passport holds; fewer where the embedding is shorter."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reducer's place in a passport: what its file holds and where it was fitted."""

    kind: str
    """`pca` or `pca-whitened`."""
    size_in: int
    """Dimensions of the graph's embedding, before the reducer."""
    size: int
    """Dimensions that are kept."""
    fitted_on: str
    """Data it was fitted on, in words: `archive`, or the name of a training set."""
    digest: str
    """SHA-256 of the reducer's arrays, in hex."""

    def __post_init__(self) -> None:
        _check(self.kind in ("pca", "pca-whitened"), f"a reducer is pca or pca-whitened, got {self.kind!r}")
        _check(1 <= self.size <= self.size_in, f"a reducer keeps 1 to {self.size_in} dimensions, got {self.size}")
        _check(_is_line(self.fitted_on), f"fitted_on is one line of text, got {self.fitted_on!r}")
        _check(_DIGEST.fullmatch(self.digest), f"a digest is 64 hex digits, got {self.digest!r}")


@dataclass(frozen=True, slots=True)
class Hashing:
    """A hash function's place in a passport: what its file holds and where it was fitted."""

    kind: str
    """Name of the hash function: `kulsh`."""
    bits: int
    """Length of a code, a multiple of 8."""
    size_in: int
    """Dimensions of the embeddings that it reads, after the reducer."""
    seed: int
    """Of everything that was drawn when it was fitted."""
    fitted_on: str
    """Data it was fitted on, in words: `archive`, or the name of a training set."""
    digest: str
    """SHA-256 of the hash function's arrays, in hex."""

    def __post_init__(self) -> None:
        _check(_NAME.fullmatch(self.kind), f"a hash function's name is lower case, got {self.kind!r}")
        _check(self.bits >= 8 and self.bits % 8 == 0, f"codes have a multiple of 8 bits, at least 8, got {self.bits}")
        _check(self.size_in >= 1, f"a hash function reads at least 1 dimension, got {self.size_in}")
        _check(self.seed >= 0, f"a seed is at least 0, got {self.seed}")
        _check(_is_line(self.fitted_on), f"fitted_on is one line of text, got {self.fitted_on!r}")
        _check(_DIGEST.fullmatch(self.digest), f"a digest is 64 hex digits, got {self.digest!r}")


@dataclass(frozen=True, slots=True)
class MultiCoding:
    """The place of multi-code hashing in a passport: images become sets of codes by their regions, and not by the network."""

    regions: str
    """How images are cut into regions; a name."""
    primitives: int
    """Kinds of regions that have a code."""
    bits: int
    """Length of each code, a multiple of 8."""
    size_in: int
    """Dimensions of the graph's embedding, which is not used."""
    fitted_on: str
    """Data it was fitted on, in words: `archive`."""
    digest: str
    """SHA-256 of the arrays of its file, in hex."""

    def __post_init__(self) -> None:
        _check(_NAME.fullmatch(self.regions), f"a way to cut images has a name in lower case, got {self.regions!r}")
        _check(self.primitives >= 1, f"there is at least 1 primitive, got {self.primitives}")
        _check(self.bits >= 8 and self.bits % 8 == 0, f"codes have a multiple of 8 bits, at least 8, got {self.bits}")
        _check(self.size_in >= 1, f"a network gives at least 1 dimension, got {self.size_in}")
        _check(_is_line(self.fitted_on), f"fitted_on is one line of text, got {self.fitted_on!r}")
        _check(_DIGEST.fullmatch(self.digest), f"a digest is 64 hex digits, got {self.digest!r}")


@dataclass(frozen=True, slots=True)
class Passport:
    """What a bundle needs and gives. Two embeddings compare only where their passports agree."""

    name: str
    """Lower case, digits and hyphens: `imagenet-mobilenetv2`."""
    version: str
    """Version of the model under that name."""
    bands: tuple[str, ...]
    """Common names of the bands the model reads, in order."""
    input_size: int
    """Side of the square input in pixels."""
    mean: tuple[float, ...]
    """Subtracted from values in [0, 1], one a band."""
    std: tuple[float, ...]
    """Then divided by, one a band; above 0."""
    outputs: tuple[str, ...]
    """Names of the graph's outputs; `embedding` always."""
    space: Space
    """How the embeddings compare, after the reducer."""
    reducer: Reduction | None
    """None where embeddings leave the graph as they are stored."""
    training_data: str
    """What the model saw, in words."""
    licence: str
    """SPDX expression of the weights' licence."""
    digest: str
    """SHA-256 of `model.onnx`, in hex."""
    self_test: tuple[float, ...]
    """Means of eight equal parts of the graph's `embedding` of the self-test image, before reducer and packing."""
    scaling: str | None = None
    """The rule that makes values in [0, 1] where an archive names none: `0:65535`; None for `auto`."""
    upsampling: Upsampling = "bicubic"
    """How bands that are coarser than the input are enlarged; `nearest` repeats their pixels."""
    format: int = FORMAT
    """Number of the bundle format."""
    frontend: Conversions | None = None
    """What a front-end before the network does with an image; the key is not written where there is none."""
    hasher: Hashing | None = None
    """The hash function that makes codes of embeddings; the key is not written where there is none."""
    multi_code: MultiCoding | None = None
    """What makes sets of codes of images, in place of the network; the key is not written where there is nothing."""

    def __post_init__(self) -> None:
        _check(_NAME.fullmatch(self.name), f"a name is lower case letters, digits and hyphens, got {self.name!r}")
        for key in ("version", "training_data", "licence"):
            _check(_is_line(getattr(self, key)), f"{key} is one line of text, got {getattr(self, key)!r}")
        _check_names("bands", self.bands)
        _check_names("outputs", self.outputs)
        _check("embedding" in self.outputs, f"outputs hold embedding, got {', '.join(self.outputs)}")
        _check(1 <= self.input_size <= 8192, f"input_size is 1 to 8192 pixels, got {self.input_size}")
        for key in ("mean", "std"):
            values = getattr(self, key)
            _check(
                len(values) == len(self.bands) and all(map(math.isfinite, values)),
                f"{key} holds one finite number a band, got {len(values)} for {len(self.bands)} bands",
            )
        _check(min(self.std) > 0, f"std is above 0, got {min(self.std)}")
        if self.reducer is not None:
            _check(
                self.space == Space("cosine", self.reducer.size),
                f"a reducer to {self.reducer.size} dimensions gives a cosine space of that size, got {_space(self)}",
            )
        if self.hasher is not None:
            _check(
                not self.space.is_binary and self.hasher.size_in == self.space.size,
                f"the hash function reads vectors of {self.hasher.size_in} dimensions, and the space is {_space(self)}",
            )
        if self.multi_code is not None:
            held = self.multi_code
            _check(
                self.reducer is None
                and (self.space.kind, self.space.size, self.space.codes) == ("codeset", held.bits, held.primitives),
                f"{held.primitives} codes of {held.bits} bits and no reducer make a space of these, got {_space(self)}",
            )
        _check(_DIGEST.fullmatch(self.digest), f"a digest is 64 hex digits, got {self.digest!r}")
        wanted = min(SELF_TEST_PARTS, self.embedding_size)
        _check(
            len(self.self_test) == wanted and all(map(math.isfinite, self.self_test)),
            f"self_test holds {wanted} finite numbers, got {len(self.self_test)}",
        )
        if self.scaling is not None:
            parse_scaling(self.scaling)
        _check(
            self.upsampling in get_args(Upsampling),
            f"upsampling is {' or '.join(get_args(Upsampling))}, got {self.upsampling!r}",
        )
        _check(self.format >= 1, f"a format number is at least 1, got {self.format}")

    @property
    def embedding_size(self) -> int:
        """Width of the graph's `embedding`, before reducer and packing."""
        before = self.reducer or self.multi_code
        return before.size_in if before else self.space.size * self.space.codes


def must_match(have: Passport, want: Passport, *, have_is: str = "the bundle", want_is: str = "the archive") -> None:
    """Refuse two passports whose embeddings do not compare.

    What is only said in words (licence, training data, what a front-end does) may differ, and so may the hash function, which
    changes no embedding.

    Args:
        have: the passport at hand.
        want: the passport that it must agree with.
        have_is: who holds `have`, for the message.
        want_is: who holds `want`, for the message.

    Raises:
        PassportMismatchError: naming every side that differs with both values.
    """
    sides = {"model": _model, "bands": _bands, "input": _input, "reducer": _reducer, "multi-code": _multi_code, "space": _space}
    other = [f"other {side} ({say(have)}, wanted {say(want)})" for side, say in sides.items() if say(have) != say(want)]
    if other:
        raise PassportMismatchError(
            f"{have_is} does not match {want_is}: {'; '.join(other)}. "
            f"Their embeddings do not compare: use {want_is}'s own model, or start a new archive"
        )


def _model(passport: Passport) -> str:
    return f"{passport.name} {passport.version}, sha256 {passport.digest[:12]}"


def _bands(passport: Passport) -> str:
    return ", ".join(passport.bands)


def _input(passport: Passport) -> str:
    words = f"{passport.input_size} px, mean {_numbers(passport.mean)}, std {_numbers(passport.std)}"
    scaling = "" if passport.scaling is None else f", scaling {passport.scaling}"
    return words + scaling + ("" if passport.upsampling == "bicubic" else f", upsampling {passport.upsampling}")


def _reducer(passport: Passport) -> str:
    reducer = passport.reducer
    if reducer is None:
        return "none"
    return f"{reducer.kind} to {reducer.size} fitted on {reducer.fitted_on}, sha256 {reducer.digest[:12]}"


def _multi_code(passport: Passport) -> str:
    coding = passport.multi_code
    return "none" if coding is None else f"fitted on {coding.fitted_on}, sha256 {coding.digest[:12]}"


def _space(passport: Passport) -> str:
    space = passport.space
    words = f"{space.kind} of {space.size}" + (f" x {space.codes} codes" if space.codes > 1 else "")
    return words if space.missing == "half" else f"{words}, missing {space.missing}"


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(map(repr, values))


def _is_line(text: str) -> bool:
    # Passports come from strangers and are printed: no line breaks, no terminal escapes, nothing that cannot be encoded.
    return bool(text.strip()) and text.isprintable()


def _check_names(key: str, names: tuple[str, ...]) -> None:
    _check(names and all(map(_is_line, names)), f"{key} names at least one, each a line of text, got {names!r}")
    _check(len(set(names)) == len(names), f"{key} are named once each, got {', '.join(names)}")


def _check(holds: Any, message: str) -> None:
    if not holds:
        raise ValueError(message)
