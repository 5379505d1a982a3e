"""The source `raster`: files with a grid that GDAL reads, of any size, band count and type."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath

from terrakin.scenes.compose import compose
from terrakin.scenes.filenames import band_file, sensor_of
from terrakin.scenes.formats import ANNOTATIONS, DRIVERS, PICTURES, extension, is_picture
from terrakin.scenes.header import read_header
from terrakin.scenes.image import picture_header
from terrakin.scenes.naming import name_bands, sensor_band
from terrakin.scenes.scene import Candidate, Scene
from terrakin.scenes.single import single_files
from terrakin.scenes.source import Claim, Listing

__all__ = ["ANNOTATIONS", "RASTER", "RasterSource"]


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
        part = band_file(PurePath(header.path).name)
        alone = part is not None and part.certain and len(header.indexes) == 1
        bands = (sensor_band(header, part.band, sensor),) if part and alone else name_bands(header, sensor)
        return compose(candidate, [header], bands, sensor=sensor, labels=labels)


RASTER = RasterSource()


def _rasters(listing: Listing) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in listing.files:
        if extension(name) not in DRIVERS:
            continue
        beside = tuple(other for other in _side_files(name) if other in listing.files)
        if extension(name) in PICTURES and all(other.endswith((".msk", ANNOTATIONS)) for other in beside):
            continue
        yield name, beside


def _side_files(name: str) -> Iterator[str]:
    """What lies beside a file: world files (`.tfw`, `.tifw`, `.wld`), `.aux.xml`, masks, ENVI headers, annotations."""
    stem, end = name.rpartition(".")[0], extension(name)
    yield stem + ANNOTATIONS
    yield f"{name}.aux.xml"
    yield f"{name}.msk"
    if DRIVERS[end] == "ENVI":
        yield from (f"{stem}.hdr", f"{name}.hdr")
    for world in (f".{end[1]}{end[-1]}w", f"{end}w", ".wld"):
        yield from (stem + world, stem + world.upper())
