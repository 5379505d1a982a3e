import dataclasses
import json

import pytest
import shapely

from terrakin.errors import TerrakinError
from terrakin.views.geojson import archive_lines, feature_parts, ranking_text, write_archive


@pytest.fixture
def hits(ranking):
    return json.loads(ranking_text(ranking))["features"]


@pytest.fixture
def chip_features(chips):
    return json.loads("".join(archive_lines(chips.to_batches(max_chunksize=3))))["features"]


def test_one_hit_is_written_to_the_letter(ranking):
    one = dataclasses.replace(ranking, hits=(ranking.hits[4],))
    assert ranking_text(one) == (
        '{"type": "FeatureCollection", "search": {"archive": "demo.tk", "query": "harbor/pier.jpg", '
        '"space": {"kind": "cosine", "size": 4, "codes": 1}, "k": 8, "filter": "cloud < 0.9"}, "features": [{"type": '
        '"Feature", "id": "scenes/S2_T32TMT_20240501/crop_04.tif#1024,0,256,256", "geometry": null, "properties": {"rank": 5, '
        '"id": "scenes/S2_T32TMT_20240501/crop_04.tif#1024,0,256,256", "distance": 0.05, "source": "/data/scenes/crop_04.tif", '
        '"window": {"col": 1024, "row": 0, "width": 256, "height": 256}, "labels": [], "datetime": "2024-05-05T10:30:00Z", '
        '"valid_share": 0.96, "cloud": null}}]}\n'
    )


def test_footprints_read_back(ranking, hits):
    for hit, feature in zip(ranking.hits, hits, strict=True):
        if hit.footprint is None:
            assert feature["geometry"] is None
            assert "bbox" not in feature
        else:
            assert shapely.geometry.shape(feature["geometry"]).equals(shapely.from_wkb(hit.footprint))
            assert feature["bbox"] == list(hit.bbox)


def test_a_footprint_across_the_antimeridian_keeps_both_parts(hits):
    assert hits[3]["geometry"]["type"] == "MultiPolygon"
    assert hits[3]["bbox"] == [179.5, -17.0, -179.5, -16.0]


def test_outer_rings_turn_left_and_coordinates_are_rounded():
    ring = shapely.LinearRing([(0, 0), (0, 1 / 3), (1 / 3, 1 / 3), (1 / 3, 0)])
    shape = feature_parts("a.tif", shapely.Polygon(ring).wkb, None)["geometry"]
    assert shapely.LinearRing(shape["coordinates"][0]).is_ccw
    assert not ring.is_ccw
    assert 0.3333333 in shape["coordinates"][0][1]


def test_an_archive_says_of_each_chip_what_a_ranking_says(ranking, hits, chip_features):
    for hit, feature in zip(hits, chip_features, strict=True):
        for key in hit["properties"].keys() - {"rank", "distance", "source"}:
            # A NaN of a hit is a missing value in a table: both are null, or not there.
            assert feature["properties"].get(key) == hit["properties"][key]
        assert {k: feature.get(k) for k in ("id", "geometry", "bbox")} == {k: hit.get(k) for k in ("id", "geometry", "bbox")}


def test_a_chip_with_one_label_reads_as_a_labelled_tile(chip_features):
    first = chip_features[0]["properties"]
    assert (first["tile_id"], first["class"], first["label"]) == (first["id"], "harbor", 1)
    assert "label" not in chip_features[3]["properties"]
    assert chip_features[3]["properties"]["labels"] == ["field", "road"]
    assert "class" not in chip_features[4]["properties"]


def test_a_property_never_hides_what_we_say(ranking):
    hit = dataclasses.replace(ranking.hits[0], properties={"rank": "admiral", "depth": float("inf")})
    said = json.loads(ranking_text(dataclasses.replace(ranking, hits=(hit,))))["features"][0]["properties"]
    assert (said["rank"], said["property:rank"], said["depth"]) == (1, "admiral", None)


def test_hostile_text_survives_as_text(hits, chip_features, hostile):
    assert hits[6]["properties"]["labels"] == [hostile]
    assert chip_features[6]["properties"]["class"] == hostile


def test_a_file_is_a_feature_a_line(tmp_path, chips):
    path = tmp_path / "chips.geojson"
    write_archive(path, chips.to_batches(max_chunksize=3))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(chips) + 2
    assert json.loads(lines[1].rstrip(","))["type"] == "Feature"
    write_archive(path, [])
    assert json.loads(path.read_text()) == {"type": "FeatureCollection", "features": []}


def test_the_vector_column_is_not_needed(chips, chip_features):
    lean = chips.drop_columns(["vector", "thumbnail"])
    assert json.loads("".join(archive_lines(lean.to_batches())))["features"] == chip_features


def test_a_missing_folder_is_told(tmp_path, chips):
    with pytest.raises(TerrakinError, match="there is no folder"):
        write_archive(tmp_path / "no" / "chips.geojson", chips.to_batches())
