"""What turns files on disk into scenes: the protocol of a source, and the registry of those there are."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from terrakin.registry import Registry
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.scene import Candidate, Scene, Skipped
from terrakin.scenes.stamp import Stat

__all__ = ["SOURCES", "Claim", "Listing", "Source", "in_turn"]


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one folder, as the sources are offered them, one source after the other."""

    root: str
    """Absolute path of the folder that a person named; nothing outside of it is read."""
    folder: str
    """Absolute path of this folder, in or at `root`."""
    prefix: str
    """Path of this folder relative to `root`, with `/`, ending in `/`; empty at the root."""
    files: Mapping[str, Stat]
    """Size and time by name, sorted by name. Files of the resolution folders of a Sentinel-2 product (`R10m`, ...) are listed
    with the folder above, their names beginning with `R10m/`."""
    options: SourceOptions
    """How scenes are to be read."""
    class_folders: bool = False
    """True where `root` is a folder of class folders."""
    named: bool = False
    """True where a person named this one file, rather than a folder."""

    def path(self, name: str) -> str:
        """Absolute path of a file."""
        return f"{self.folder}/{name}"

    def key(self, name: str) -> str:
        """Path of a file relative to the source."""
        return self.prefix + name

    def without(self, names: Collection[str]) -> "Listing":
        """The same folder with some files less."""
        return replace(self, files={n: stat for n, stat in self.files.items() if n not in names}) if names else self


@dataclass(frozen=True, slots=True)
class Claim:
    """What a source takes of a listing."""

    files: Collection[str] = ()
    """Names that no other source is offered: of scenes, and of what belongs to them."""
    found: Iterable[Candidate | Skipped] = ()
    """The scenes, sorted by key, and what was not taken in; made one by one as they are asked for."""


class Source(Protocol):
    """A kind of imagery on disk. The object in the registry keeps no state."""

    name: str
    """Name in the registry; `Candidate.source` of what it finds."""
    title: str
    """For people: what it reads, in a few words."""
    turn: int
    """Sources are offered files in ascending order of this; special ones come first."""

    def claim(self, listing: Listing) -> Claim:
        """Take what is its own of a folder's files. Opens no pixel file, and no file at all but small json and csv."""

    def open(self, candidate: Candidate) -> Scene:
        """Open a candidate that it found: read headers, not pixels.

        Raises:
            SceneError: if that fails.
        """


SOURCES: Registry[Source] = Registry(
    "sources",
    {
        "bands": "terrakin.scenes.bands:BANDS",
        "image": "terrakin.scenes.image:IMAGE",
        "raster": "terrakin.scenes.raster:RASTER",
        "stac": "terrakin.scenes.stac:STAC",
        "table": "terrakin.scenes.table:TABLE",
    },
)
"""Every source, by name."""


def in_turn() -> Iterator[Source]:
    """The sources in the order in which they are offered files."""
    return iter(sorted((SOURCES[name] for name in SOURCES), key=lambda source: (source.turn, source.name)))
