import pytest

from terrakin.scenes.sensors import SENSORS, display_range


@pytest.mark.parametrize("key", sorted(SENSORS))
def test_every_table_is_sound(key: str) -> None:
    sensor = SENSORS[key]
    names = [band.name for band in sensor.bands]
    assert len(set(names)) == len(names)
    for band in sensor.bands:
        assert band.gsd_m > 0
        if band.display_range:
            assert 0 <= band.display_range[0] < band.display_range[1] <= 65535
    assert {"red", "green", "blue", "nir"} <= {band.common_name for band in sensor.bands}


@pytest.mark.parametrize(
    ("sensor", "band", "wanted"),
    [
        ("sentinel-2", "B04", (0, 3000)),
        ("sentinel-2", "red", (0, 3000)),  # as STAC items call it
        ("sentinel-2-n0400", "B04", (1000, 4000)),  # reflectance 0 is stored as 1000
        ("sentinel-2", "B08", (0, 5000)),
        ("landsat-8", "B4", (5000, 20000)),  # DN * 2e-5 - 0.1
        ("landsat-9-l2", "B4", (7272.7, 18181.8)),  # DN * 2.75e-5 - 0.2
        ("landsat-8", "B10", None),
        ("landsat-5", "B3", None),  # 8 bit
        ("sentinel-2", "B99", None),
        ("unknown", "B04", None),
        (None, "B04", None),
    ],
)
def test_display_ranges_are_stored_values(sensor: str | None, band: str, wanted: tuple[float, float] | None) -> None:
    assert display_range(sensor, band) == wanted
