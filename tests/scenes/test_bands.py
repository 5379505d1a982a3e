import datetime as dt
import json
from pathlib import Path

import pytest

from terrakin.errors import SceneError
from terrakin.scenes.find import open_scene

PATCH = "S2A_MSIL2A_20170613T101031_0_45"
LANDSAT = "LT52240631988227CUB02"
MTL = """GROUP = L1_METADATA_FILE
    SPACECRAFT_ID = "LANDSAT_5"
    SENSOR_ID = "TM"
    DATE_ACQUIRED = 1988-08-14
    SCENE_CENTER_TIME = 13:00:47.3750190Z
    CLOUD_COVER = 12.50
END_GROUP = L1_METADATA_FILE
"""


def write_patch(folder: Path, write_raster, *, labels: list[str] | None = None) -> None:
    for band, size in {"B8A": 6, "B01": 2, "B04": 12, "B03": 12, "B02": 12, "B11": 6}.items():
        write_raster(folder / PATCH / f"{PATCH}_{band}.tif", size=size)
    content = {"labels": labels or ["Water bodies", "Beaches, dunes, sands"], "acquisition_date": "2017-06-13 10:10:32"}
    (folder / PATCH / f"{PATCH}_labels_metadata.json").write_text(json.dumps(content))


def test_a_patch_of_bigearthnet(tmp_path: Path, write_raster, listed) -> None:
    write_patch(tmp_path, write_raster)
    candidates, skipped = listed(tmp_path)
    assert not skipped
    candidate = candidates[PATCH]
    assert (candidate.source, candidate.uri) == ("bands", str(tmp_path / PATCH))
    assert len(candidate.files) == 7
    scene = open_scene(candidate)
    assert [band.name for band in scene.bands] == ["B01", "B02", "B03", "B04", "B8A", "B11"]
    assert [band.common_name for band in scene.bands] == ["coastal", "blue", "green", "red", "nir08", "swir16"]
    assert (scene.sensor, scene.nodata, scene.width) == ("sentinel-2", 0, 12)
    assert scene.labels == ("Beaches, dunes, sands", "Water bodies")  # one has commas
    assert scene.datetime == dt.datetime(2017, 6, 13, 10, 10, 32, tzinfo=dt.UTC)  # the json is more exact than the name


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [("json", ("Beaches, dunes, sands", "Water bodies")), ("none", ()), ("folder", ("summer",)), ("landuse", ())],
)
def test_labels_of_a_patch_come_from_where_they_were_asked_for(
    labels: str, wanted: tuple[str, ...], tmp_path: Path, write_raster, listed
) -> None:
    write_patch(tmp_path / "summer", write_raster)
    candidates, _ = listed(tmp_path, labels=labels)
    assert open_scene(candidates[f"summer/{PATCH}"]).labels == wanted


def test_a_patch_with_a_broken_json_is_refused(tmp_path: Path, write_raster, listed) -> None:
    write_patch(tmp_path, write_raster)
    (tmp_path / PATCH / f"{PATCH}_labels_metadata.json").write_text("{")
    candidates, _ = listed(tmp_path)
    with pytest.raises(SceneError, match=r"labels_metadata\.json is not the json of a BigEarthNet patch"):
        open_scene(candidates[PATCH])


def test_landsat_bands_with_their_metadata(tmp_path: Path, write_raster, listed) -> None:
    for band in (1, 2, 3, 4, 7):
        write_raster(tmp_path / f"{LANDSAT}_B{band}.TIF", dtype="uint8", nodata=255)
    (tmp_path / f"{LANDSAT}_MTL.txt").write_text(MTL)
    (tmp_path / f"{LANDSAT}_ANG.txt").write_text("x")
    candidates, skipped = listed(tmp_path)
    assert not skipped
    candidate = candidates[LANDSAT]
    assert candidate.datetime == dt.datetime(1988, 8, 14, tzinfo=dt.UTC)
    scene = open_scene(candidate)
    assert [band.common_name for band in scene.bands] == ["blue", "green", "red", "nir", "swir22"]
    assert (scene.sensor, scene.nodata) == ("landsat-5", 255)
    assert scene.datetime == dt.datetime(1988, 8, 14, 13, 0, 47, tzinfo=dt.UTC)
    assert scene.properties == {"eo:cloud_cover": 12.5}


@pytest.mark.parametrize("dates", ["auto", "tags", "name", "none"])
def test_dates_of_landsat_come_from_where_they_were_asked_for(dates: str, tmp_path: Path, write_raster, listed) -> None:
    write_raster(tmp_path / f"{LANDSAT}_B1.TIF")
    (tmp_path / f"{LANDSAT}_MTL.txt").write_text(MTL)
    (candidate,) = listed(tmp_path, dates=dates)[0].values()
    hours = {"auto": 13, "tags": 13, "name": 0, "none": None}
    date = open_scene(candidate).datetime
    assert (date.hour if date else None) == hours[dates]


def test_other_names_are_landsat_where_an_mtl_says_so(tmp_path: Path, write_raster, listed) -> None:
    write_raster(tmp_path / "site_B1.tif")
    write_raster(tmp_path / "site_B2.tif")
    assert {c.source for c in listed(tmp_path)[0].values()} == {"raster"}
    (tmp_path / "site_MTL.txt").write_text(MTL)
    (candidate,) = listed(tmp_path)[0].values()
    assert candidate.key == "site"
    assert open_scene(candidate).sensor == "landsat-5"


def test_a_product_takes_the_finest_of_each_band_and_leaves_its_masks(tmp_path: Path, write_raster, listed) -> None:
    product = tmp_path / "S2A_MSIL2A_20220620T102041_N0400_R065_T32TLS_20220620T162319.SAFE"
    data = product / "GRANULE" / "L2A_T32TLS" / "IMG_DATA"
    for folder, names in {
        "R10m": ["B02", "B04", "TCI"],
        "R20m": ["B02", "B04", "B05", "SCL"],
        "R60m": ["B01", "B02", "AOT"],
    }.items():
        for name in names:
            size = {"R10m": 12, "R20m": 6, "R60m": 2}[folder]
            write_raster(data / folder / f"T32TLS_20220620T102041_{name}_{folder[1:]}.tif", size=size)
    write_raster(product / "GRANULE" / "L2A_T32TLS" / "QI_DATA" / "MSK_CLDPRB_20m.tif")
    (product / "MTD_MSIL2A.xml").write_text("<a/>")
    candidates, skipped = listed(tmp_path)
    assert not skipped
    (candidate,) = candidates.values()
    assert candidate.key == f"{product.name}/GRANULE/L2A_T32TLS/IMG_DATA/T32TLS_20220620T102041"
    scene = open_scene(candidate)
    assert [(band.name, Path(band.path).parent.name) for band in scene.bands] == [
        ("B01", "R60m"), ("B02", "R10m"), ("B04", "R10m"), ("B05", "R20m"),
    ]  # fmt: skip
    assert scene.sensor == "sentinel-2-n0400"  # only the product's name tells the baseline
    assert scene.datetime == dt.datetime(2022, 6, 20, 10, 20, 41, tzinfo=dt.UTC)


def test_bands_without_a_name_of_their_own_are_called_like_their_folder(tmp_path: Path, write_raster, listed) -> None:
    for folder in ("S2A_36QWD_20200701_0_L2A", "village"):
        write_raster(tmp_path / folder / "B02.tif")
        write_raster(tmp_path / folder / "B03.tif")
    candidates, _ = listed(tmp_path)
    assert sorted(candidates) == ["S2A_36QWD_20200701_0_L2A", "village"]
    assert candidates["S2A_36QWD_20200701_0_L2A"].datetime == dt.datetime(2020, 7, 1, tzinfo=dt.UTC)
    assert open_scene(candidates["village"]).sensor == "sentinel-2"
    (candidate,) = listed(tmp_path / "village")[0].values()
    assert (candidate.key, candidate.uri) == ("village", str(tmp_path / "village"))


def test_one_band_of_an_unknown_scene_is_a_raster(tmp_path: Path, write_raster, listed) -> None:
    write_raster(tmp_path / "village_B02.tif")
    assert listed(tmp_path)[0]["village_B02.tif"].source == "raster"


def test_several_scenes_in_one_folder(tmp_path: Path, write_raster, listed) -> None:
    for scene in ("a", "b", tmp_path.name):
        for band in ("B02", "B03"):
            write_raster(tmp_path / f"{scene}_{band}.tif")
    candidates, _ = listed(tmp_path)
    assert sorted(candidates) == sorted(["a", "b", tmp_path.name])
    assert candidates["a"].uri == str(tmp_path / "a")


def test_an_empty_band_skips_the_scene(tmp_path: Path, write_raster, listed) -> None:
    write_patch(tmp_path, write_raster)
    (tmp_path / PATCH / f"{PATCH}_B03.tif").write_bytes(b"")
    assert listed(tmp_path) == ({}, {PATCH: f"its file {PATCH}_B03.tif is empty"})
