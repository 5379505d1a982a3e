"""What the names that agencies give their files tell: scene, band, sensor."""

import re
from dataclasses import dataclass

__all__ = ["BandFile", "band_file", "sensor_of"]


@dataclass(frozen=True, slots=True)
class BandFile:
    """The parts of a name such as `T32TLS_20220620T102041_B02_10m.jp2`."""

    scene: str
    """What the files of one scene share: `T32TLS_20220620T102041`; empty for `B02.tif`."""
    band: str
    """Sensor name: `B02`."""
    gsd_m: float
    """Pixel size in the name; infinite where there is none."""
    certain: bool
    """True where the name alone says that this is a band of a scene; others need company to be believed."""


def band_file(name: str) -> BandFile | None:
    """Read a per-band file name of Sentinel-2, BigEarthNet or Landsat; None for any other.

    >>> band_file("T32TLS_20220620T102041_B02_10m.jp2")
    BandFile(scene='T32TLS_20220620T102041', band='B02', gsd_m=10.0, certain=True)
    >>> band_file("LT52240631988227CUB02_B1.TIF")
    BandFile(scene='LT52240631988227CUB02', band='B1', gsd_m=inf, certain=True)
    >>> band_file("village_B02.tif").certain
    False
    """
    stem, dot, extension = name.rpartition(".")
    if not dot or extension.lower() not in {"tif", "tiff", "jp2"}:
        return None
    landsat = _LANDSAT_BAND.fullmatch(stem)
    if landsat and _LANDSAT.search(landsat["scene"]):
        return BandFile(landsat["scene"], landsat["band"].upper(), float("inf"), certain=True)
    if found := _SENTINEL_2_BAND.fullmatch(stem):
        scene, band, gsd = found["scene"] or "", found["band"], found["gsd"] or found["folder"]
        return BandFile(scene, band.upper(), float(gsd) if gsd else float("inf"), _SENTINEL_2.search(scene) is not None)
    return BandFile(landsat["scene"], landsat["band"].upper(), float("inf"), certain=False) if landsat else None


def sensor_of(name: str, *, bands: int | None = None) -> str | None:
    """Key of the sensor table that a scene's, file's or folder's name tells, or None.

    Args:
        name: such as `LC08_L2SP_224063_20200101_20200113_02_T1`.
        bands: how many bands one file of that name holds; sensors whose files are stacks are told from their size, too.

    >>> sensor_of("LC08_L2SP_224063_20200101_20200113_02_T1"), sensor_of("m_4709963_se_14_1_20090818", bands=4)
    ('landsat-8-l2', 'naip')
    """
    if found := _SENTINEL_2.search(name):
        baseline = _BASELINE.search(name)
        # 99.99 marks reprocessed collections, which have no offset.
        return "sentinel-2-n0400" if baseline and 400 <= int(baseline[1] + baseline[2]) < 9999 else "sentinel-2"
    if found := _LANDSAT.search(name):
        key = f"landsat-{found['new'] or found['old']}"
        return f"{key}-l2" if found["level"] == "2" else key
    if bands == 4 and _NAIP.search(name):
        return "naip"
    if bands in {4, 8} and "AnalyticMS" in name:
        return f"planet-{bands}-sr" if "_SR" in name else f"planet-{bands}"
    return None


# `<scene>_B02`, `<scene>_B8A_20m`, `<scene>_R60m_B01`, `B02`; the pixel size may be in the name.
_SENTINEL_2_BAND = re.compile(
    r"(?:(?P<scene>.+?)(?:_R(?P<folder>10|20|60)m)?[_.])?(?P<band>B(?:0[1-9]|1[0-2]|8A))(?:_(?P<gsd>10|20|60)m)?", re.IGNORECASE
)
# Products and BigEarthNet patches (S2A_...), granules (T32TLS_...), and what others make of them.
_SENTINEL_2 = re.compile(r"(?:^|_)S2[A-D]_|(?:^|_)T\d\d[A-Z]{3}_")
_BASELINE = re.compile(r"_N(\d\d)\.?(\d\d)(?:_|\.|$)")
# Collection 1 and 2 (LC08_L1TP_224063_20200101_...) and before them (LT52240631988227CUB02). MSS (LM) has other bands.
_LANDSAT = re.compile(r"(?:^|_)L[COTE](?:0(?P<new>[45789])_L(?P<level>[12])[A-Z]{2}_|(?P<old>[45789])\d{13}[A-Z]{3}\d\d)")
_LANDSAT_BAND = re.compile(r"(?P<scene>.+?)_(?:SR_|ST_)?(?P<band>B(?:1[01]|[1-9])(?:_VCID_[12])?)", re.IGNORECASE)
_NAIP = re.compile(r"(?:^|_)m_\d{7}_[ns][ew]_")
