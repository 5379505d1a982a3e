"""EuroSAT: 10 classes of Sentinel-2 chips, as RGB or with all bands."""

from terrakin.datasets.class_folders import IMAGE_SUFFIXES, ClassFolders
from terrakin.datasets.dataset import Facts

__all__ = ["EUROSAT", "EUROSAT_ALL_BANDS"]

_COUNTS = {
    "AnnualCrop": 3000,
    "Forest": 3000,
    "HerbaceousVegetation": 3000,
    "Highway": 2500,
    "Industrial": 2500,
    "Pasture": 2000,
    "PermanentCrop": 2500,
    "Residential": 3000,
    "River": 2500,
    "SeaLake": 3000,
}
_PIXELS = "64 x 64"
_LICENCE = "MIT (not checked); Copernicus Sentinel data terms"
_CITATION = "Helber et al., EuroSAT: a novel dataset for land use and land cover classification, IEEE JSTARS 12(7), 2019"

# B8A is the last band of the files, not the ninth: of the published means the tenth is 12 (cirrus, B10), the last 2594 (B8A).
_ALL_BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12", "B8A")
_TIFF = (".tif", ".tiff")

EUROSAT = ClassFolders(
    name="eurosat",
    title="EuroSAT (RGB)",
    counts=_COUNTS,
    facts=Facts(
        images=27000,
        pixels=_PIXELS,
        gsd="10",
        bands=("red", "green", "blue"),
        licence=_LICENCE,
        citation=_CITATION,
    ),
    # The same folders with tif files are the other data set.
    suffixes=tuple(suffix for suffix in IMAGE_SUFFIXES if suffix not in _TIFF),
    split_lists="eurosat",
)

EUROSAT_ALL_BANDS = ClassFolders(
    name="eurosat-allbands",
    title="EuroSAT (13 bands)",
    counts=_COUNTS,
    facts=Facts(
        images=27000,
        pixels=_PIXELS,
        gsd="10, all bands resampled",
        bands=_ALL_BANDS,
        licence=_LICENCE,
        citation=_CITATION,
    ),
    suffixes=_TIFF,
    split_lists="eurosat",
)
