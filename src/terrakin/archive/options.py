"""How an archive cuts and reads its scenes: decided once, when it is made."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from terrakin.bundles.passport import Passport
from terrakin.bundles.reducer import parse_reducer
from terrakin.chips.grid import Chipping
from terrakin.chips.scaling import ScalingRule, parse_scaling
from terrakin.errors import ArchiveError, BundleError, HashingError
from terrakin.hashing.known import parse_hasher
from terrakin.hashing.multicode_settings import parse_multi_code
from terrakin.scenes.find import SourceOptions

__all__ = ["BITS", "IndexOptions", "Options", "changed", "with_codes"]

BITS = 64
"""Bits of a code where none are asked for."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """What `terrakin index` was told. Chips cut by other options would not compare, so an archive keeps its own."""

    bands: tuple[str, ...] | None = None
    """Names or common names of the bands to read, in the model's order; None for the passport's."""
    chipping: Chipping = field(default_factory=Chipping)
    """Size, overlap, pixel size and minimum valid share of chips."""
    scaling: ScalingRule = field(default_factory=ScalingRule)
    """How stored values become [0, 1]; `auto` is the model's own rule where its passport names one."""
    sources: SourceOptions = field(default_factory=SourceOptions)
    """Where labels and dates come from."""
    reducer: str | None = None
    """`pca:SIZE` or `pca-whitened:SIZE`, fitted on the archive; None for the bundle as it is."""
    multi_code: str | None = None
    """Settings of multi-code hashing in words, fitted on the archive; None for the model's embeddings."""
    hash: str | None = None
    """Hash function that is fitted on the archive, as `parse_hasher` reads it; None for the bundle as it is."""
    bits: int | None = None
    """Bits of its codes, a multiple of 8; None where there is none."""

    def __post_init__(self) -> None:
        if (self.hash is None) != (self.bits is None):
            raise ValueError("codes have a hash function and bits; say --hash NAME, and with it --bits COUNT")
        if self.hash is not None:
            parse_hasher(self.hash)  # what is wrong with it is told before anything is made
        if self.bits is not None and (self.bits < 8 or self.bits % 8):
            raise ValueError(f"codes have a multiple of 8 bits, at least 8, got {self.bits}")
        if self.reducer is not None:
            try:
                parse_reducer(self.reducer)
            except BundleError as exc:
                raise ValueError(str(exc)) from exc
        if self.multi_code is not None:
            if self.reducer is not None:
                raise ValueError(
                    "codes of regions take the place of embeddings, so that a reducer has none; leave one of them out"
                )
            try:
                # In full, so that the same settings are the same words.
                object.__setattr__(self, "multi_code", str(parse_multi_code(self.multi_code)))
            except HashingError as exc:
                raise ValueError(str(exc)) from exc

    def must_suit(self, passport: Passport) -> None:
        """Check that a model can do what is asked.

        Raises:
            ValueError: if it reads another number of bands, gives fewer dimensions than the reducer should leave, gives codes
                already, or has a hash function that would be lost.
        """
        if self.bands is not None and len(self.bands) != len(passport.bands):
            raise ValueError(
                f"the model reads {len(passport.bands)} bands ({', '.join(passport.bands)}), got {len(self.bands)} "
                f"({', '.join(self.bands)})"
            )
        if self.reducer is not None and parse_reducer(self.reducer)[0] > passport.embedding_size:
            raise ValueError(f"the model gives {passport.embedding_size} dimensions, too few for the reducer {self.reducer}")

        self._must_suit_codes(passport)

    def _must_suit_codes(self, passport: Passport) -> None:
        named = passport.hasher
        if self.hash is not None and (passport.space.is_binary or self.multi_code is not None):
            raise ValueError("the model gives codes already; leave --hash out")
        if named is None or self.multi_code is not None or (self.reducer is not None and self.hash is not None):
            return
        if self.reducer is not None:
            raise ValueError(
                f"the model's hash function {named.kind} reads embeddings that are not reduced; leave --reducer out, or "
                "name a hash function to fit with --hash"
            )
        if self.hash is not None and (parse_hasher(self.hash)[0], self.bits) != (named.kind, named.bits):
            raise ValueError(f"the model has a hash function already, {named.kind} of {named.bits} bits; leave --hash out")

    def rule(self, passport: Passport) -> ScalingRule:
        """How stored values become [0, 1] for a model: as was told, else as the model was trained, else `auto`."""
        return self.scaling if self.scaling.kind != "auto" or passport.scaling is None else parse_scaling(passport.scaling)

    def to_json(self) -> dict[str, Any]:
        """As plain values, for `archive.json`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "IndexOptions":
        """Read what `to_json` wrote.

        Raises:
            ArchiveError: if a field is unknown or missing.
        """
        try:
            bands = values["bands"]
            scaling = dict(values["scaling"])
            scaling["percentiles"] = tuple(scaling["percentiles"])
            return cls(
                bands=None if bands is None else tuple(bands),
                chipping=Chipping(**values["chipping"]),
                scaling=ScalingRule(**scaling),
                sources=SourceOptions(**values["sources"]),
                reducer=values["reducer"],
                # Archives from before it was there have none.
                multi_code=values.get("multi_code"),
                # Archives that were made before there were codes do not say.
                hash=values.get("hash"),
                bits=values.get("bits"),
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise ArchiveError(f"archive.json has broken options ({exc}); make the archive again") from exc

    def words(self) -> dict[str, str]:
        """Each option as the command line names and writes it.

        >>> IndexOptions(chipping=Chipping(size=64)).words()["--chip-size"]
        '64'
        """
        chipping = self.chipping
        return {
            "--bands": "the model's" if self.bands is None else ",".join(self.bands),
            "--chip-size": "256, whole images up to 1024" if chipping.size is None else str(chipping.size),
            "--overlap": str(chipping.overlap),
            "--gsd": "the scene's own" if chipping.gsd_m is None else str(chipping.gsd_m),
            "--edges": chipping.edges,
            "--min-valid": str(chipping.min_valid),
            "--scaling": str(self.scaling),
            "--labels": self.sources.labels,
            "--dates": self.sources.dates,
            "--reducer": "none" if self.reducer is None else self.reducer,
            "--multi-code": "none" if self.multi_code is None else self.multi_code,
            "--hash": "none" if self.hash is None else self.hash,
            "--bits": "none" if self.bits is None else str(self.bits),
        }

    def differences(self, other: "IndexOptions") -> list[str]:
        """One phrase for each option that `other` sets differently: "--overlap is 0 there, 32 here"."""
        ours, theirs = self.words(), other.words()
        return [f"{name} is {ours[name]} there, {theirs[name]} here" for name in ours if ours[name] != theirs[name]]


class Options(TypedDict, total=False):
    """The options of `changed` by name, for those who hand them on."""

    bands: Sequence[str] | None
    chip_size: int | None
    overlap: int | None
    gsd_m: float | None
    edges: Literal["shift", "clip", "drop"] | None
    min_valid: float | None
    scaling: str | None
    labels: str | None
    dates: str | None
    reducer: str | None
    multi_code: str | None
    hash: str | None
    bits: int | None


def changed(
    options: IndexOptions,
    *,
    bands: Sequence[str] | None = None,
    chip_size: int | None = None,
    overlap: int | None = None,
    gsd_m: float | None = None,
    edges: Literal["shift", "clip", "drop"] | None = None,
    min_valid: float | None = None,
    scaling: str | None = None,
    labels: str | None = None,
    dates: str | None = None,
    reducer: str | None = None,
    multi_code: str | None = None,
    hash: str | None = None,  # noqa: A002 - the option's name
    bits: int | None = None,
) -> IndexOptions:
    """`options` with those replaced that are not None.

    Args:
        options: what to start from.
        bands: names or common names of the bands to read, in the model's order.
        chip_size: side of a chip in pixels, of the scene or, with `gsd_m`, of that size on the ground.
        overlap: pixels that neighbouring chips share.
        gsd_m: metres on the ground for a pixel of a chip, so that chips of all scenes cover equal ground.
        edges: what becomes of the rest at the right and the bottom; see `Chipping`.
        min_valid: smallest share of valid pixels that a chip needs, in [0, 1].
        scaling: rule in words, such as `auto`, `sensor`, `0:3000` or `p2:p98`.
        labels: where labels come from; see `SourceOptions`.
        dates: where acquisition times come from; see `SourceOptions`.
        reducer: `pca:SIZE` or `pca-whitened:SIZE`.
        multi_code: `default`, or settings such as `primitives=8,threshold=0.5,bits=32`; see `MultiCodeSettings`.
        hash: hash function to fit on the archive, a name in `HASHERS`.
        bits: of its codes; 64 where None.

    Raises:
        ValueError: if a value is out of range, or there are bits and no hash function.
        UnknownNameError: for a hash function that does not exist.
    """
    chipping = {"size": chip_size, "overlap": overlap, "gsd_m": gsd_m, "edges": edges, "min_valid": min_valid}
    sources = {"labels": labels, "dates": dates}
    rest = IndexOptions(
        bands=options.bands if bands is None else tuple(bands),
        chipping=dataclasses.replace(options.chipping, **_given(chipping)),
        scaling=options.scaling if scaling is None else parse_scaling(scaling),
        sources=dataclasses.replace(options.sources, **_given(sources)),
        reducer=options.reducer if reducer is None else reducer,
        multi_code=options.multi_code if multi_code is None else multi_code,
        hash=options.hash,
        bits=options.bits,
    )
    return with_codes(rest, hash, bits)


def with_codes(options: IndexOptions, hash: str | None, bits: int | None) -> IndexOptions:  # noqa: A002 - the option's name
    """`options` with the hash function and the bits replaced that are not None; takes and raises as `changed`."""
    name = options.hash if hash is None else hash
    if bits is None and name is not None:
        bits = BITS if options.bits is None else options.bits
    return dataclasses.replace(options, hash=name, bits=bits)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
