"""`terrakin export`: each format read back by the program that it is for."""

import json
import statistics

import geopandas
import ir_measures
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pystac
import pytest
import shapely

from terrakin import Archive


@pytest.fixture(scope="module")
def rows(scene_archive) -> dict[str, dict]:
    """Every chip of the archive of scenes by id."""
    columns = ["id", "scene", "labels", "datetime", "footprint", "vector"]
    return {row["id"]: row for batch in Archive.open(scene_archive).store.scan(columns) for row in batch.to_pylist()}


def test_geojson_has_every_footprint_and_label(run, scene_archive, rows, tmp_path) -> None:
    done = run("export", scene_archive, "--format", "geojson", "--out", tmp_path / "chips.geojson")
    assert (done.out, done.err) == ("", f"32 chips: {tmp_path / 'chips.geojson'}\n")
    features = json.loads((tmp_path / "chips.geojson").read_text())["features"]
    assert {feature["id"] for feature in features} == set(rows)
    for feature in features:
        row = rows[feature["id"]]
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        # The file rounds to a centimetre.
        assert shape.symmetric_difference(shapely.from_wkb(row["footprint"])).area < 1e-3 * shape.area
        assert feature["properties"]["labels"] == row["labels"]
        # A tool for labelling embeddings reads these.
        assert (feature["properties"]["class"], feature["properties"]["label"]) == (row["labels"][0], 1)


def test_geoparquet_opens_in_geopandas_with_crs_labels_and_embeddings(run, scene_archive, rows, tmp_path) -> None:
    run("export", scene_archive, "--format", "geoparquet", "--out", tmp_path / "chips.parquet")
    frame = geopandas.read_parquet(tmp_path / "chips.parquet").set_index("id")
    assert frame.crs.to_epsg() == 4326
    assert set(frame.index) == set(rows)
    for name, row in rows.items():
        assert list(frame.loc[name, "labels"]) == row["labels"]
        assert np.array_equal(frame.loc[name, "embedding"], np.array(row["vector"], np.float32))
        assert frame.loc[name, "geometry"].equals(shapely.from_wkb(row["footprint"]))
        assert frame.loc[name, "datetime"].to_pydatetime() == row["datetime"]
    schema = pq.read_schema(tmp_path / "chips.parquet")
    embedding = schema.field("embedding").type
    assert (embedding.value_type, embedding.list_size) == (pa.float32(), 48)
    assert json.loads(schema.metadata[b"emb"])["model"]["id"] == "tiny"


def test_chips_without_geography_have_a_null_geometry(run, picture_archive, tmp_path) -> None:
    run("export", picture_archive, "--format", "geoparquet", "--out", tmp_path / "chips.parquet")
    frame = geopandas.read_parquet(tmp_path / "chips.parquet")
    assert len(frame) == 48
    assert frame.geometry.isna().all()
    run("export", picture_archive, "--format", "geojson", "--out", tmp_path / "chips.geojson")
    features = json.loads((tmp_path / "chips.geojson").read_text())["features"]
    assert {json.dumps(feature["geometry"]) for feature in features} == {"null"}


def test_a_stac_catalogue_validates(run, scene_archive, rows, tmp_path) -> None:
    done = run("export", scene_archive, "--format", "stac", "--out", tmp_path / "stac")
    assert done.err == f"32 chips: {tmp_path / 'stac'}\n"
    collection = pystac.Collection.from_file(str(tmp_path / "stac" / "collection.json"))
    assert collection.validate_all() == 32
    for item in collection.get_items():
        assert shapely.geometry.shape(item.geometry).equals_exact(shapely.from_wkb(rows[item.id]["footprint"]), 1e-6)
        assert item.datetime == rows[item.id]["datetime"]


@pytest.mark.parametrize("kind", ["picture_archive", "scene_archive"])
def test_trec_files_give_the_figures_of_evaluate(run, request, kind, tmp_path) -> None:
    archive = request.getfixturevalue(kind)
    run("export", archive, "--format", "trec", "--out", tmp_path / "trec")
    run("evaluate", archive, "--measures", "map,p@5", "--json", tmp_path / "r.json", "--quiet")
    ours = json.loads((tmp_path / "r.json").read_text())["measures"]
    ranking = list(ir_measures.read_trec_run(str(tmp_path / "trec" / "run.txt")))
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "trec" / "qrels.txt")))
    theirs = ir_measures.calc_aggregate([ir_measures.AP, ir_measures.P @ 5], qrels, ranking)
    assert theirs[ir_measures.AP] == pytest.approx(ours["map"]["value"], abs=1e-4)
    assert theirs[ir_measures.P @ 5] == pytest.approx(ours["p@5"]["value"], abs=1e-9)
    assert len({line.query_id for line in ranking}) == len(Archive.open(archive))
    sizes = [sum(1 for _ in lines) for lines in _by_query(ranking).values()]
    assert statistics.mean(sizes) == len(Archive.open(archive)) - 1


def _by_query(ranking: list) -> dict[str, list]:
    found: dict[str, list] = {}
    for line in ranking:
        found.setdefault(line.query_id, []).append(line)
    return found


@pytest.mark.parametrize(("form", "name"), [("geojson", "chips.geojson"), ("geoparquet", "chips.parquet"), ("stac", "stac")])
def test_an_archive_without_chips_exports_as_nothing(run, tiny_bundle, form, name, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    Archive.create(tmp_path / "a", model=tiny_bundle).add(tmp_path / "empty")
    assert run("export", tmp_path / "a", "--format", form, "--out", tmp_path / name).err.startswith("0 chips: ")
    if form == "geoparquet":
        assert len(geopandas.read_parquet(tmp_path / name)) == 0
    elif form == "geojson":
        assert json.loads((tmp_path / name).read_text())["features"] == []
    else:
        assert pystac.Collection.from_file(str(tmp_path / name / "collection.json")).validate_all() == 0


def test_an_archive_that_nothing_was_indexed_into_makes_no_catalogue(run, tiny_bundle, tmp_path) -> None:
    Archive.create(tmp_path / "a", model=tiny_bundle)
    done = run("export", tmp_path / "a", "--format", "stac", "--out", tmp_path / "stac", status=1)
    assert "archive 'a' is empty: nothing was indexed" in done.err


def test_a_catalogue_of_the_folder_one_stands_in_has_its_name(scene_archive, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(scene_archive)
    assert Archive.open(".").export("stac", tmp_path / "stac") == 32
    assert json.loads((tmp_path / "stac" / "collection.json").read_text())["title"] == "coast"


def test_trec_runs_end_at_a_depth_and_judge_everything(picture_archive, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("terrakin.api.export.TREC_DEPTH", 3)
    assert Archive.open(picture_archive).export("trec", tmp_path / "trec") == 48
    run, qrels = ((tmp_path / "trec" / name).read_text().splitlines() for name in ("run.txt", "qrels.txt"))
    assert (len(run), len(qrels)) == (48 * 3, 48 * 11)
