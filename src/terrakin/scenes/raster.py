"""The source `raster`: files with a grid that GDAL reads, of any size, band count and type."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath

from terrakin.scenes.compose import compose
from terrakin.scenes.filenames import sensor_of
from terrakin.scenes.gdal import DRIVERS
from terrakin.scenes.header import read_header
from terrakin.scenes.image import picture_header
from terrakin.scenes.naming import name_bands
from terrakin.scenes.picture import FORMATS, is_picture
from terrakin.scenes.scene import Candidate, Scene
from terrakin.scenes.single import single_files
from terrakin.scenes.source import Claim, Listing

__all__ = ["RASTER", "RasterSource", "is_raster"]


@dataclass(frozen=True, slots=True)
class RasterSource:
    """GeoTIFF, COG, JPEG 2000, HFA, NITF, ENVI, and pictures with a world file; TIFF files without geography, too."""

    name: str = "raster"
    title: str = "GeoTIFF, COG, JPEG 2000 and other rasters; pictures with a world file"
    turn: int = 30

    def claim(self, listing: Listing) -> Claim:
        """Take the rasters of a folder, and the files beside them that tell of their geography and mask."""
        files = dict(_rasters(listing))
        found = single_files(listing, files.items(), source=self.name)
        return Claim({*files, *(other for beside in files.values() for other in beside)}, found)

    def open(self, candidate: Candidate) -> Scene:
        """Read the header."""
        header = read_header(candidate.files[0])
        if is_picture(header.path):
            # Pillow reads its pixels, so Pillow says what its bands are.
            header = replace(picture_header(header.path), crs=header.crs, transform=header.transform)
        sensor = sensor_of(PurePath(header.path).stem, bands=len(header.indexes))
        # A class folder labels pictures. Only the header tells whether a TIFF is one, so the label is taken back here.
        labels = () if header.crs and candidate.options.labels == "auto" and candidate.source == self.name else None
        return compose(candidate, [header], name_bands(header, sensor), sensor=sensor, labels=labels)


RASTER = RasterSource()


def is_raster(name: str) -> bool:
    """True where a file is a raster by its name alone."""
    suffix = PurePath(name).suffix.lower()
    return suffix in DRIVERS and suffix not in FORMATS


def _rasters(listing: Listing) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in listing.files:
        stem, dot, extension = name.rpartition(".")
        extension = dot + extension.lower()
        if extension not in DRIVERS:
            continue
        beside = tuple(other for other in _side_files(name, stem, extension) if other in listing.files)
        if extension in FORMATS and all(other.endswith(".msk") for other in beside):
            continue
        yield name, beside


def _side_files(name: str, stem: str, extension: str) -> Iterator[str]:
    """What GDAL reads beside a file: world files (`.tfw`, `.tifw`, `.wld`), `.aux.xml`, masks, ENVI headers."""
    yield f"{name}.aux.xml"
    yield f"{name}.msk"
    if DRIVERS[extension] == "ENVI":
        yield from (f"{stem}.hdr", f"{name}.hdr")
    for world in (f".{extension[1]}{extension[-1]}w", f"{extension}w", ".wld"):
        yield from (stem + world, stem + world.upper())
