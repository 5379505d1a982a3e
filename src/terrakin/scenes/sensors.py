"""What is known of sensors: their bands, and the range of stored values that a picture of them shows.

Common names follow the STAC electro-optical extension (https://github.com/stac-extensions/eo), except that the broad
near infrared band of every sensor is called `nir`, so that one word asks for it everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["SENSORS", "Range", "Sensor", "SensorBand", "display_range"]

Range = tuple[float, float]
"""(low, high), low < high."""


@dataclass(frozen=True, slots=True)
class SensorBand:
    """One band of a sensor."""

    name: str
    """The sensor's own name: `B04`."""
    common_name: str | None
    """STAC common name: `red`."""
    gsd_m: float
    """Metres per pixel, as delivered."""
    display_range: Range | None = None
    """Stored values, before any scale and offset, that a picture shows as black and white; None where no fixed range suits."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor, at one level of processing."""

    title: str
    """Name for people."""
    bands: tuple[SensorBand, ...]
    """In the sensor's order."""
    nodata: float | None = None
    """Stored value that means "no measurement" by the product's specification, for files that do not say so themselves."""
    stacked: bool = False
    """True where one file holds all bands, in this order."""


def display_range(sensor: str | None, band: str) -> Range | None:
    """The stored values of a band that are shown as black and white, or None where no sensor table tells.

    Args:
        sensor: key of `SENSORS`, as in `Scene.sensor`.
        band: sensor name of the band, as in `Band.name`, or its common name.

    >>> display_range("sentinel-2", "B04")
    (0.0, 3000.0)
    """
    if sensor is None or sensor not in SENSORS:
        return None
    bands = SENSORS[sensor].bands
    by_name = {known.common_name: known for known in bands} | {known.name: known for known in bands}
    return by_name[band].display_range if band in by_name else None


# Reflectance that is shown as white, by part of the spectrum. Visible: 0.3, the usual stretch of true colour pictures
# (https://sentinel.esa.int/web/sentinel/user-guides/sentinel-2-msi/definitions, TCI; https://custom-scripts.sentinel-hub.com).
# The others: mean + 2 standard deviations over BigEarthNet v1 (590,326 patches of Sentinel-2 L2A), rounded up to a tenth:
# B05 0.24, B06 0.40, B07 0.46, B08 0.49, B8A 0.50, B09 0.49, B11 0.38, B12 0.26.
_WHITE = {
    "coastal": 0.3,
    "blue": 0.3,
    "green": 0.3,
    "yellow": 0.3,
    "red": 0.3,
    "pan": 0.3,
    "rededge071": 0.3,
    "rededge075": 0.4,
    "rededge078": 0.5,
    "nir": 0.5,
    "nir08": 0.5,
    "nir09": 0.5,
    "swir16": 0.4,
    "swir22": 0.3,
}


def _bands(rows: str, scale: float | None = None, offset: float = 0.0) -> tuple[SensorBand, ...]:
    """Bands from rows of `name common_name gsd_m`, with ranges where reflectance = stored * scale + offset is given."""

    def stored(common_name: str) -> Range | None:
        if scale is None or common_name not in _WHITE:
            return None
        return (round((0 - offset) / scale, 1), round((_WHITE[common_name] - offset) / scale, 1))

    fields = (row.split() for row in rows.strip().splitlines())
    return tuple(
        SensorBand(name, None if common == "-" else common, float(gsd_m), stored(common)) for name, common, gsd_m in fields
    )


# Sentinel-2 Products Specification Document, https://sentinels.copernicus.eu/documents/247904/685211: bands, pixel sizes,
# QUANTIFICATION_VALUE 10000, special value NODATA 0. B10 exists at Level-1C only.
_SENTINEL_2 = """
    B01 coastal 60
    B02 blue 10
    B03 green 10
    B04 red 10
    B05 rededge071 20
    B06 rededge075 20
    B07 rededge078 20
    B08 nir 10
    B8A nir08 20
    B09 nir09 60
    B10 cirrus 60
    B11 swir16 20
    B12 swir22 20
"""

# Landsat 4-7 bands: https://www.usgs.gov/faqs/what-are-band-designations-landsat-satellites. Thermal bands are delivered
# resampled to 30 m.
_LANDSAT_TM = """
    B1 blue 30
    B2 green 30
    B3 red 30
    B4 nir 30
    B5 swir16 30
    B6 lwir 30
    B7 swir22 30
"""
_LANDSAT_ETM = """
    B1 blue 30
    B2 green 30
    B3 red 30
    B4 nir 30
    B5 swir16 30
    B6 lwir 30
    B6_VCID_1 lwir 30
    B6_VCID_2 lwir 30
    B7 swir22 30
    B8 pan 15
"""
_LANDSAT_OLI = """
    B1 coastal 30
    B2 blue 30
    B3 green 30
    B4 red 30
    B5 nir 30
    B6 swir16 30
    B7 swir22 30
    B8 pan 15
    B9 cirrus 30
    B10 lwir11 30
    B11 lwir12 30
"""
# Landsat 8-9 Collection 2 Level-1: reflectance = DN * 2e-5 - 0.1 (Landsat 8-9 OLI/TIRS Data Users Handbook, LSDS-1574, 5.2);
# Level-2, all satellites: DN * 2.75e-5 - 0.2 (Landsat 8-9 Collection 2 Level 2 Science Product Guide, LSDS-1619). Fill is 0.
# TM and ETM+ Level-1 are 8 bit, which needs no range.
_LEVEL_1 = (2e-5, -0.1)
_LEVEL_2 = (2.75e-5, -0.2)

# NAIP: https://naip-usdaonline.hub.arcgis.com, four 8 bit bands in this order; 0.3 to 1 m, 1 m for most of its years.
_NAIP = """
    red red 1
    green green 1
    blue blue 1
    nir nir 1
"""
# Planet Imagery Product Specification: AnalyticMS is (blue, green, red, near infrared), whatever the file's colour
# interpretation says; eight-band files add coastal blue, green I, yellow and red edge. Fill is 0. Surface reflectance
# (`_SR`) is scaled by 10000; radiance depends on the sun's height, so no fixed range suits it.
_PLANET_4 = """
    blue blue 3
    green green 3
    red red 3
    nir nir 3
"""
_PLANET_8 = """
    coastal_blue coastal 3
    blue blue 3
    green_i - 3
    green green 3
    yellow yellow 3
    red red 3
    rededge rededge071 3
    nir nir 3
"""

SENSORS: Mapping[str, Sensor] = MappingProxyType(
    {
        "sentinel-2": Sensor("Sentinel-2 MSI", _bands(_SENTINEL_2, 1e-4), nodata=0),
        # From 2022-01-25 on, processing baseline 04.00 stores reflectance * 10000 + 1000 (RADIO_ADD_OFFSET, BOA_ADD_OFFSET).
        "sentinel-2-n0400": Sensor("Sentinel-2 MSI, baseline 04.00 and later", _bands(_SENTINEL_2, 1e-4, -0.1), nodata=0),
        "landsat-4": Sensor("Landsat 4 TM", _bands(_LANDSAT_TM), nodata=0),
        "landsat-5": Sensor("Landsat 5 TM", _bands(_LANDSAT_TM), nodata=0),
        "landsat-7": Sensor("Landsat 7 ETM+", _bands(_LANDSAT_ETM), nodata=0),
        "landsat-8": Sensor("Landsat 8 OLI/TIRS", _bands(_LANDSAT_OLI, *_LEVEL_1), nodata=0),
        "landsat-9": Sensor("Landsat 9 OLI/TIRS", _bands(_LANDSAT_OLI, *_LEVEL_1), nodata=0),
        "landsat-4-l2": Sensor("Landsat 4 TM Level-2", _bands(_LANDSAT_TM, *_LEVEL_2), nodata=0),
        "landsat-5-l2": Sensor("Landsat 5 TM Level-2", _bands(_LANDSAT_TM, *_LEVEL_2), nodata=0),
        "landsat-7-l2": Sensor("Landsat 7 ETM+ Level-2", _bands(_LANDSAT_ETM, *_LEVEL_2), nodata=0),
        "landsat-8-l2": Sensor("Landsat 8 OLI/TIRS Level-2", _bands(_LANDSAT_OLI, *_LEVEL_2), nodata=0),
        "landsat-9-l2": Sensor("Landsat 9 OLI/TIRS Level-2", _bands(_LANDSAT_OLI, *_LEVEL_2), nodata=0),
        "naip": Sensor("NAIP aerial imagery", _bands(_NAIP), stacked=True),
        "planet-4": Sensor("Planet AnalyticMS radiance", _bands(_PLANET_4), nodata=0, stacked=True),
        "planet-4-sr": Sensor("Planet AnalyticMS reflectance", _bands(_PLANET_4, 1e-4), nodata=0, stacked=True),
        "planet-8": Sensor("Planet AnalyticMS 8 band radiance", _bands(_PLANET_8), nodata=0, stacked=True),
        "planet-8-sr": Sensor("Planet AnalyticMS 8 band reflectance", _bands(_PLANET_8, 1e-4), nodata=0, stacked=True),
    }
)
"""Every sensor that is known, by key."""
