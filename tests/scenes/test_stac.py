import datetime as dt
import json
from pathlib import Path

import pytest

from terrakin.errors import SceneError
from terrakin.scenes.find import open_scene


def test_every_multi_band_asset_is_a_scene(tmp_path: Path, write_raster, write_picture, write_item, listed) -> None:
    folder = tmp_path / "day" / "20170831_172754_101c"
    write_raster(folder / "x_3B_AnalyticMS.tif", count=4)
    write_raster(
        folder / "x_Visual.tif", count=3, dtype="uint8", photometric="RGB", tags={"TIFFTAG_DATETIME": "2017:09:01 11:47:27"}
    )
    write_raster(folder / "x_udm.tif")
    write_picture(folder / "thumb.png")
    write_picture(folder / "full.jpg")
    (folder / "meta.xml").write_text("<a/>")
    write_item(
        folder / "item.json",
        {
            "analytic": "./x_3B_AnalyticMS.tif",
            "visual": "x_Visual.tif",
            "udm": {"href": "./x_udm.tif", "roles": ["udm"]},
            "thumbnail": {"href": "./thumb.png", "roles": ["thumbnail"]},
            "small": {"href": "./missing.png", "roles": ["overview"]},
            "full": {"href": "./full.jpg", "roles": ["overview"]},
            "xml": {"href": "./meta.xml", "type": "text/xml", "roles": ["metadata"]},
        },
        datetime="2017-08-31T17:27:54.960530Z", platform="101c", gsd=2.6, **{"eo:cloud_cover": 2, "x": None, "y": {"a": 1}},
    )  # fmt: skip
    (tmp_path / "catalog.json").write_text(json.dumps({"type": "Catalog", "stac_version": "1.0.0", "id": "c", "links": []}))
    candidates, skipped = listed(tmp_path)
    assert not skipped
    head = "day/20170831_172754_101c/item"
    assert sorted(candidates) == [f"{head}/analytic", f"{head}/visual"]
    scene = open_scene(candidates[f"{head}/analytic"])
    assert scene.uri == str(folder / "x_3B_AnalyticMS.tif")
    assert ([band.name for band in scene.bands], scene.sensor) == (["blue", "green", "red", "nir"], "planet-4")
    assert scene.properties == {"platform": "101c", "gsd": 2.6, "eo:cloud_cover": 2.0}
    visual = open_scene(candidates[f"{head}/visual"])
    # The item knows better than the tag that an editing program left.
    assert visual.datetime == scene.datetime == dt.datetime(2017, 8, 31, 17, 27, 54, 960530, tzinfo=dt.UTC)


def bands(*names: str) -> list[dict[str, str]]:
    return [dict(zip(("name", "common_name"), name.split(), strict=True)) for name in names]


def test_single_band_assets_make_one_scene(tmp_path: Path, write_raster, write_item, listed) -> None:
    write_raster(tmp_path / "B04.tif")
    write_raster(tmp_path / "B11.tif", size=6)
    write_raster(tmp_path / "B04.jp2.tif")
    write_raster(tmp_path / "SCL.tif", size=6, dtype="uint8")
    write_raster(tmp_path / "TCI.tif", count=3, dtype="uint8", photometric="RGB")
    write_item(
        tmp_path / "item.json",
        {
            "red": {"href": "B04.tif", "eo:bands": bands("B04 red"), "raster:bands": [{"scale": 0.0001, "offset": -0.1}]},
            "red-jp2": {"href": "B04.jp2.tif", "eo:bands": bands("B04 red")},
            "swir16": {"href": "B11.tif", "bands": [{"name": "B11", "eo:common_name": "swir16", "raster:scale": 0.0001}]},
            "scl": {"href": "SCL.tif", "raster:bands": [{"data_type": "uint8"}]},
            "visual": {"href": "TCI.tif", "eo:bands": bands("R red", "G green", "B blue")},
        },
        datetime="2022-07-01T00:00:00Z", platform="sentinel-2b", **{"s2:processing_baseline": "04.00"},
    )  # fmt: skip
    candidates, skipped = listed(tmp_path)
    assert not skipped
    assert sorted(candidates) == ["item", "item/visual"]
    scene = open_scene(candidates["item"])
    assert scene.uri == str(tmp_path / "item.json")
    assert [(b.name, b.common_name, b.scale, b.offset, Path(b.path).name) for b in scene.bands] == [
        ("B04", "red", 0.0001, -0.1, "B04.tif"),
        ("B11", "swir16", 0.0001, 0.0, "B11.tif"),
    ]
    assert (scene.sensor, scene.width) == ("sentinel-2-n0400", 12)
    assert [band.common_name for band in open_scene(candidates["item/visual"]).bands] == ["red", "green", "blue"]


@pytest.mark.parametrize(
    ("properties", "wanted"),
    [
        ({"platform": "sentinel-2a", "s2:processing_baseline": "02.11"}, "sentinel-2"),
        ({"platform": "sentinel-2a", "s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": True}, "sentinel-2"),
        ({"platform": "LANDSAT_8"}, "landsat-8"),
        ({"platform": "landsat-9", "landsat:correction": "L2SP"}, "landsat-9-l2"),
        ({"platform": "other"}, None),
    ],
)
def test_items_tell_the_sensor(properties: dict, wanted: str | None, tmp_path: Path, write_raster, write_item, listed) -> None:
    write_raster(tmp_path / "x.tif")
    write_item(tmp_path / "item.json", {"x": "x.tif"}, **properties)
    assert open_scene(listed(tmp_path)[0]["item/x"]).sensor == wanted


@pytest.mark.parametrize(
    ("href", "where", "reason"),
    [
        (
            "https://example.com/x.tif",
            "item.json",
            "its assets x are not local files; download them and make their href a path",
        ),
        ("s3://bucket/x.tif", "item.json", "its assets x are not local files"),
        ("../outside.tif", "item.json", "its asset x lies outside of the source: ../outside.tif"),
        ("a/../../outside.tif", "item.json", "its asset x lies outside of the source"),
        ("/etc/outside.tif", "item.json", "its asset x lies outside of the source: /etc/outside.tif"),
        ("file:///etc/outside.tif", "item.json", "its asset x lies outside of the source"),
        ("gone.tif", "gone.tif", "does not exist; it is the asset x of"),
        ("empty.tif", "empty.tif", "is empty"),
        ("x.nc", "item.json", "is a STAC item without an asset of imagery"),
    ],
)
def test_assets_that_are_not_read_have_a_reason(
    href: str, where: str, reason: str, tmp_path: Path, write_raster, write_item, listed
) -> None:
    write_raster(tmp_path / "outside.tif")
    source = tmp_path / "source"
    source.mkdir()
    (source / "empty.tif").write_bytes(b"")
    write_item(source / "item.json", {"x": href})
    candidates, skipped = listed(source)
    assert "item/x" not in candidates
    assert skipped[where].startswith(reason)


@pytest.mark.parametrize("href", ["image 1%.tif", "image%201%25.tif", "./image 1%.tif", "file"])
def test_hrefs_may_be_paths_or_urls(href: str, tmp_path: Path, write_raster, write_item, listed) -> None:
    path = write_raster(tmp_path / "image 1%.tif")
    write_item(tmp_path / "item.json", {"x": path.as_uri() if href == "file" else href})
    candidates, skipped = listed(tmp_path)
    assert (list(candidates), skipped) == (["item/x"], {})


def test_assets_in_other_folders_are_not_taken_twice(tmp_path: Path, write_raster, write_item, listed) -> None:
    write_raster(tmp_path / "assets" / "a.tif")  # walked before the items
    write_raster(tmp_path / "zassets" / "b.tif")  # and after them
    write_raster(tmp_path / "zassets" / "c.tif")
    write_item(tmp_path / "items" / "item.json", {"a": "../assets/a.tif", "b": "../zassets/b.tif"})
    candidates, skipped = listed(tmp_path)
    assert (sorted(candidates), skipped) == (["items/item/a", "items/item/b", "zassets/c.tif"], {})


def test_two_items_of_one_asset(tmp_path: Path, write_raster, write_item, listed) -> None:
    write_raster(tmp_path / "a.tif")
    write_item(tmp_path / "one.json", {"a": "a.tif"})
    write_item(tmp_path / "two.json", {"a": "a.tif"})
    candidates, skipped = listed(tmp_path)
    assert list(candidates) == ["one/a"]
    assert skipped["a.tif"].startswith("is an asset of ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is not valid json: Expecting property name"),
        ("", "is empty"),
        ("[" * 100_000, "is not valid json: "),
        ('{"type": "Feature", "stac_version": "1.0.0"}', "is a STAC item without properties or assets"),
    ],
)
def test_a_broken_item_has_a_reason(content: str, reason: str, tmp_path: Path, listed) -> None:
    (tmp_path / "item.json").write_text(content)
    assert listed(tmp_path)[1]["item.json"].startswith(reason)


@pytest.mark.parametrize(
    "content",
    [
        '{"type": "Catalog", "stac_version": "1.0.0"}',
        '{"type": "Collection", "stac_version": "1.0.0"}',
        '{"type": "FeatureCollection", "features": []}',
        '{"labels": []}',
        "[]",
        "3",
    ],
)
def test_other_json_is_passed_by(content: str, tmp_path: Path, listed) -> None:
    (tmp_path / "x.json").write_text(content)
    assert listed(tmp_path) == ({}, {})
    # But not without a word where a person named it.
    assert "name the folder that holds its items" in listed(tmp_path / "x.json")[1]["x.json"]


def test_large_json_is_not_read(tmp_path: Path, listed) -> None:
    (tmp_path / "vectors.geojson").write_text("{" + " " * (4 << 20))
    assert listed(tmp_path) == ({}, {})


def test_a_named_item_reads_only_beside_itself(tmp_path: Path, write_raster, write_item, listed) -> None:
    write_raster(tmp_path / "a.tif")
    write_raster(tmp_path / "other.tif")
    item = write_item(
        tmp_path / "item.json", {"a": "a.tif"}, label="harbor", datetime=None, start_datetime="2020-05-01T00:00:00Z"
    )
    candidates, skipped = listed(item)
    assert (list(candidates), skipped) == (["item/a"], {})
    scene = open_scene(candidates["item/a"])
    assert (scene.labels, scene.datetime) == (("harbor",), dt.datetime(2020, 5, 1, tzinfo=dt.UTC))
    assert listed(item, labels="none", dates="none")[0]["item/a"].labels == ()


def test_an_item_that_changes_under_way_is_said_to(tmp_path: Path, write_raster, write_item, listed) -> None:
    write_raster(tmp_path / "a.tif")
    item = write_item(tmp_path / "item.json", {"a": "a.tif"})
    candidate = listed(tmp_path)[0]["item/a"]
    write_item(item, {"b": "b.tif"})
    with pytest.raises(SceneError, match=r"item\.json has changed since it was listed; run again"):
        open_scene(candidate)
    item.write_text("{")
    with pytest.raises(SceneError, match=r"item\.json is not valid json"):
        open_scene(candidate)


def test_a_file_of_more_bands_than_the_item_says_is_refused(tmp_path: Path, write_raster, write_item, listed) -> None:
    write_raster(tmp_path / "a.tif", count=2)
    write_raster(tmp_path / "b.tif")
    assets = {name: {"href": f"{name}.tif", "eo:bands": [{"name": name}]} for name in "ab"}
    write_item(tmp_path / "item.json", assets)
    with pytest.raises(SceneError, match=r"a\.tif has 2 bands; .*item\.json says that it has one"):
        open_scene(listed(tmp_path)[0]["item"])
