"""WHU-RS19: 19 classes of 50 to 61 images.

Older releases have 12 or 19 classes of 50 images each; the counts tell them apart.
"""

from terrakin.datasets.class_folders import ClassFolders
from terrakin.datasets.dataset import Facts

__all__ = ["WHU_RS19"]

_COUNTS = {
    "Airport": 55,
    "Beach": 50,
    "Bridge": 52,
    "Commercial": 56,
    "Desert": 50,
    "Farmland": 50,
    "footballField": 50,
    "Forest": 53,
    "Industrial": 53,
    "Meadow": 61,
    "Mountain": 50,
    "Park": 50,
    "Parking": 50,
    "Pond": 54,
    "Port": 53,
    "railwayStation": 50,
    "Residential": 54,
    "River": 56,
    "Viaduct": 58,
}

WHU_RS19 = ClassFolders(
    name="whu-rs19",
    title="WHU-RS19",
    counts=_COUNTS,
    facts=Facts(
        images=1005,
        pixels="600 x 600",
        gsd="up to 0.5",
        bands=("red", "green", "blue"),
        licence="not stated by the page, mirrors disagree; research use",
        citation="Xia et al., Structural high-resolution satellite image indexing, ISPRS TC VII Symposium 2010",
    ),
)
