"""UC Merced Land Use: 21 classes of 100 aerial images of US cities.

44 of the 2100 images are a few pixels off 256 x 256, so a batch of raw images needs a resize.
"""

from terrakin.datasets.class_folders import ClassFolders
from terrakin.datasets.dataset import Facts

__all__ = ["UCM"]

_COUNTS = dict.fromkeys(
    (
        "agricultural",
        "airplane",
        "baseballdiamond",
        "beach",
        "buildings",
        "chaparral",
        "denseresidential",
        "forest",
        "freeway",
        "golfcourse",
        "harbor",
        "intersection",
        "mediumresidential",
        "mobilehomepark",
        "overpass",
        "parkinglot",
        "river",
        "runway",
        "sparseresidential",
        "storagetanks",
        "tenniscourt",
    ),
    100,
)

UCM = ClassFolders(
    name="ucm",
    title="UC Merced Land Use",
    counts=_COUNTS,
    facts=Facts(
        images=2100,
        pixels="256 x 256 (44 differ)",
        gsd="0.3",
        bands=("red", "green", "blue"),
        licence="imagery: USGS National Map, US public domain",
        citation="Yang and Newsam, Bag-of-visual-words and spatial extensions for land-use classification, ACM GIS 2010",
    ),
    split_lists="uc_merced",
)
