"""Every kind of imagery that a person may have, from files to answers."""

import csv
import json

import numpy as np
import pytest
import shapely
from PIL import Image

from terrakin import Archive

SIDE = 48


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def values(rng, bands: int, *, side: int = SIDE, top: int = 3000) -> np.ndarray:
    """(bands, side, side) uint16, 1 to `top`."""
    return rng.integers(1, top, (bands, side, side)).astype(np.uint16)


def rows(archive, *columns: str) -> list[dict]:
    found = [row for batch in Archive.open(archive).store.scan(["id", *columns]) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: row["id"])


def vectors(archive) -> np.ndarray:
    return np.array([row["vector"] for row in rows(archive, "vector")])


def scene_of(archive):
    """The one scene of an archive, with its value range."""
    ((scene, value_range),) = Archive.open(archive).ledger.scenes()
    return scene, value_range


def test_patches_of_band_folders_with_their_labels(run, rng, write_scene, tiny_bundle, tmp_path) -> None:
    pixels = {"B02": 12, "B03": 12, "B04": 12, "B08": 12, "B05": 6, "B01": 2}
    for column, labels in enumerate((["Pastures"], ["Pastures", "Sea and ocean"], ["Sea and ocean"])):
        name = f"S2A_MSIL2A_20170613T101031_{column}_44"
        for band, side in pixels.items():
            write_scene(
                tmp_path / "patches" / name / f"{name}_{band}.tif",
                values(rng, 1, side=side),
                corner=(500_000 + 120 * column, 5_000_000),
                gsd=120 / side,
                nodata=None,
            )
        about = {"labels": labels, "acquisition_date": "2017-06-13 10:10:31", "coordinates": {}}
        (tmp_path / "patches" / name / f"{name}_labels_metadata.json").write_text(json.dumps(about))
    done = run("index", tmp_path / "patches", "--archive", tmp_path / "a", "--model", tiny_bundle)
    assert "scenes: 3 added\n" in done.err
    found = rows(tmp_path / "a", "labels", "datetime", "west")
    assert [row["labels"] for row in found] == [["Pastures"], ["Pastures", "Sea and ocean"], ["Sea and ocean"]]
    assert {row["datetime"].isoformat() for row in found} == {"2017-06-13T10:10:31+00:00"}
    assert found[0]["west"] < found[1]["west"] < found[2]["west"]
    where = "label = 'Sea and ocean'"
    answer = json.loads(
        run("search", tmp_path / "a", found[0]["id"], "--where", where, "--format", "json").out,
    )
    assert [hit["labels"] for hit in sorted(answer["hits"], key=lambda hit: hit["id"])] == [
        found[1]["labels"],
        found[2]["labels"],
    ]
    # A folder of bands is a query, too.
    again = run("search", tmp_path / "a", tmp_path / "patches" / found[1]["id"], "--format", "json").out
    assert json.loads(again)["hits"][0]["id"] == found[1]["id"]


def test_a_stac_item_with_local_assets(run, rng, write_scene, tiny_bundle, tmp_path) -> None:
    assets = {}
    for name, common in {"B04": "red", "B03": "green", "B02": "blue"}.items():
        write_scene(tmp_path / "stac" / f"{name}.tif", values(rng, 1))
        assets[name] = {
            "href": f"./{name}.tif",
            "type": "image/tiff; application=geotiff",
            "roles": ["data"],
            "bands": [{"name": name, "eo:common_name": common}],
        }
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "one",
        "geometry": None,
        "properties": {"datetime": "2024-03-05T10:00:00Z", "eo:cloud_cover": 12.5, "platform": "sentinel-2a"},
        "assets": assets,
        "links": [],
    }
    (tmp_path / "stac" / "one.json").write_text(json.dumps(item))
    run("index", tmp_path / "stac" / "one.json", "--archive", tmp_path / "a", "--model", tiny_bundle)
    (chip,) = rows(tmp_path / "a", "datetime", "property:eo:cloud_cover", "footprint")
    assert chip["datetime"].isoformat() == "2024-03-05T10:00:00+00:00"
    assert chip["property:eo:cloud_cover"] == 12.5
    assert chip["footprint"] is not None
    query = tmp_path / "stac" / "one.json"
    for where, count in {
        '"eo:cloud_cover" < 20': 1,
        "eo:cloud_cover < 20 and platform = 'sentinel-2a'": 1,
        "eo:cloud_cover > 20": 0,
    }.items():
        assert len(json.loads(run("search", tmp_path / "a", query, "--where", where, "--format", "json").out)["hits"]) == count


def test_a_table_of_paths_gives_labels_dates_and_fields_to_filter_by(run, pictures, tiny_bundle, tmp_path) -> None:
    (tmp_path / "pictures").symlink_to(pictures)
    with (tmp_path / "chips.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "label", "datetime", "cloud", "site"])
        for number in range(6):
            name = ["water", "forest"][number % 2]
            table.writerow(
                [f"pictures/{name}/{name}{number:02}.png", name, f"2024-0{number + 1}-01", number / 20, f"site {number}"]
            )
    done = run("index", tmp_path / "chips.csv", "--archive", tmp_path / "a", "--model", tiny_bundle)
    assert "scenes: 6 added\n" in done.err

    def ask(*options) -> list[int]:
        out = run("search", tmp_path / "a", "pictures/water/water00.png", "--format", "jsonl", *options).out
        return sorted(int(json.loads(line)["id"][-6:-4]) for line in out.splitlines())

    assert ask("--where", "cloud < 0.1") == [1]
    assert ask("--where", "cloud <= 0.1") == [1, 2]
    assert ask("--where", "label = 'water'") == [2, 4]
    assert ask("--where", "site = 'site 3' or cloud > 0.2") == [3, 5]
    assert ask("--since", "2024-02-01", "--until", "2024-04") == [1, 2, 3]


def test_gaps_are_left_out_and_told(run, rng, write_scene, tiny_bundle, tmp_path) -> None:
    pixels = values(rng, 3)
    pixels[:, :, :16] = 0  # the first third of the columns
    write_scene(tmp_path / "gaps.tif", pixels)
    index = ("index", tmp_path / "gaps.tif", "--model", tiny_bundle, "--chip-size", 16, "--archive")
    done = run(*index, tmp_path / "a")
    assert "windows left out for too few valid pixels: 3\n" in done.err
    found = rows(tmp_path / "a", "valid_share", "col")
    assert [(row["valid_share"], row["col"]) for row in found] == [(1, 16)] * 3 + [(1, 32)] * 3
    run(*index, tmp_path / "b", "--overlap", 8, "--min-valid", 0.4)
    shares = {row["col"]: row["valid_share"] for row in rows(tmp_path / "b", "valid_share", "col")}
    assert shares == {8: 0.5, 16: 1, 24: 1, 32: 1}


def test_a_scene_across_the_antimeridian_is_in_two_parts(run, rng, write_scene, tiny_bundle, tmp_path) -> None:
    # UTM zone 60 ends at 180 degrees, which is near x = 820 km here.
    write_scene(tmp_path / "fiji.tif", values(rng, 3, side=64), crs="EPSG:32760", corner=(790_000, 8_100_000), gsd=2000)
    run("index", tmp_path / "fiji.tif", "--archive", tmp_path / "a", "--model", tiny_bundle, "--chip-size", 32)
    run("export", tmp_path / "a", "--format", "geojson", "--out", tmp_path / "fiji.geojson")
    features = json.loads((tmp_path / "fiji.geojson").read_text())["features"]
    shapes = {feature["id"]: (shapely.geometry.shape(feature["geometry"]), feature["bbox"]) for feature in features}
    assert len(shapes) == 4
    split = [(shape, box) for shape, box in shapes.values() if shape.geom_type == "MultiPolygon"]
    assert split
    for shape, (west, south, east, north) in split:
        assert shape.is_valid
        assert west > 0 > east
        assert south < north
        # No part is wider than a chip of 64 km, so none goes around the world.
        assert all(part.bounds[2] - part.bounds[0] < 1 for part in shape.geoms)
    # A box across the antimeridian finds chips of both sides, and one beside it those of its side.
    query = tmp_path / "fiji.tif"
    ids = {
        box: {
            json.loads(line)["id"]
            for line in run("search", tmp_path / "a", query, "--bbox", box, "--format", "jsonl").out.splitlines()
        }
        for box in ("179,-30,-179,0", "-179.9,-30,-170,0", "0,-30,90,0")
    }
    assert ids["179,-30,-179,0"] == set(shapes)
    assert set() < ids["-179.9,-30,-170,0"] <= set(shapes)
    assert ids["0,-30,90,0"] == set()


def test_chips_of_two_resolutions_cover_equal_ground(run, rng, write_scene, tiny_bundle, tmp_path) -> None:
    write_scene(tmp_path / "in" / "fine.tif", values(rng, 3, side=96), gsd=5)
    write_scene(tmp_path / "in" / "coarse.tif", values(rng, 3, side=48), gsd=10, corner=(520_000, 5_000_000))
    run("index", tmp_path / "in", "--archive", tmp_path / "a", "--model", tiny_bundle, "--chip-size", 24, "--gsd", 10)
    found = rows(tmp_path / "a", "width", "west", "east")
    assert {row["id"].partition("#")[0]: row["width"] for row in found} == {"coarse.tif": 24, "fine.tif": 48}
    assert len(found) == 8
    spans = [row["east"] - row["west"] for row in found]
    assert max(spans) == pytest.approx(min(spans), rel=0.01)


def test_other_bands_in_the_models_order(run, rng, write_scene, tiny_bundle, tmp_path) -> None:
    pixels = values(rng, 4)
    write_scene(tmp_path / "scene.tif", pixels, names=("red", "green", "blue", "nir"))
    write_scene(tmp_path / "same.tif", pixels[[3, 0, 1]], names=("red", "green", "blue"))
    index = ("index", "--model", tiny_bundle, "--archive")
    run(*index, tmp_path / "true", tmp_path / "scene.tif")
    run(*index, tmp_path / "false", tmp_path / "scene.tif", "--bands", "nir,red,green")
    run(*index, tmp_path / "expected", tmp_path / "same.tif")
    assert np.allclose(vectors(tmp_path / "false"), vectors(tmp_path / "expected"), atol=1e-6)
    assert not np.allclose(vectors(tmp_path / "false"), vectors(tmp_path / "true"), atol=1e-2)
    assert json.loads((tmp_path / "false" / "archive.json").read_text())["options"]["bands"] == ["nir", "red", "green"]
    # The archive remembers, so a query is read in the same way.
    hit = json.loads(run("search", tmp_path / "false", tmp_path / "scene.tif", "--format", "jsonl").out)
    assert hit["distance"] == pytest.approx(0, abs=1e-6)


def test_a_scene_that_lacks_a_band_is_skipped_with_those_it_has(run, rng, write_scene, tiny_bundle, tmp_path) -> None:
    write_scene(tmp_path / "in" / "scene.tif", values(rng, 3), names=("red", "green", "blue"))
    done = run(
        "index", tmp_path / "in", "--archive", tmp_path / "a", "--model", tiny_bundle, "--bands", "nir,red,green", status=1
    )
    assert "has no band 'nir'; it has red, green, blue. Choose from these with --bands" in done.err


def test_percentiles_of_values_of_16_bits_are_recorded(run, rng, write_scene, tiny_bundle, tmp_path) -> None:
    pixels = values(rng, 3, top=50_000)
    write_scene(tmp_path / "scene.tif", pixels, nodata=None)
    run("index", tmp_path / "scene.tif", "--archive", tmp_path / "a", "--model", tiny_bundle)
    rule = json.loads((tmp_path / "a" / "archive.json").read_text())["options"]["scaling"]
    assert rule == {"kind": "auto", "low": None, "high": None, "percentiles": [2.0, 98.0]}
    _, value_range = scene_of(tmp_path / "a")
    assert value_range.low == pytest.approx(np.percentile(pixels, 2, axis=(1, 2)))
    assert value_range.high == pytest.approx(np.percentile(pixels, 98, axis=(1, 2)))
    run("index", tmp_path / "scene.tif", "--archive", tmp_path / "b", "--model", tiny_bundle, "--scaling", "0:50000")
    _, value_range = scene_of(tmp_path / "b")
    assert (value_range.low, value_range.high) == ((0,) * 3, (50_000,) * 3)
    assert not np.allclose(vectors(tmp_path / "a"), vectors(tmp_path / "b"), atol=1e-3)


def test_pictures_of_every_mode_go_in(run, tiny_bundle, pictures, tmp_path) -> None:
    (tmp_path / "in").mkdir()
    picture = Image.open(pictures / "field" / "field00.png")
    for name, mode in {
        "a.png": "RGB",
        "b.png": "RGBA",
        "c.png": "L",
        "d.png": "P",
        "e.jpg": "CMYK",
        "f.webp": "RGB",
        "g.bmp": "RGB",
    }.items():
        picture.convert(mode).save(tmp_path / "in" / name)
    done = run("index", tmp_path / "in", "--archive", tmp_path / "a", "--model", tiny_bundle)
    assert len(rows(tmp_path / "a")) == 7, done.err
