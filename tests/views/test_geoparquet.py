import dataclasses
import json

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from terrakin.archive.schema import chips_schema
from terrakin.bundles.passport import Reduction
from terrakin.errors import TerrakinError
from terrakin.spaces.space import Space
from terrakin.views.geoparquet import write_archive, write_ranking

GRIDS = {"/data/scenes/crop_02.tif": ("EPSG:32632", (10.0, 0.0, 5e5, 0.0, -10.0, 5e6))}


@pytest.fixture
def written(tmp_path, chips, passport):
    path = tmp_path / "chips.parquet"
    write_archive(path, chips.to_batches(max_chunksize=3), chips.schema, passport=passport, grids=GRIDS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["chips.parquet"]
    return path


def test_geopandas_opens_it_with_its_crs(written, chips):
    frame = geopandas.read_parquet(written).set_index("id")
    assert frame.crs == "EPSG:4326"
    assert sorted(frame.index) == sorted(chips.column("id").to_pylist())
    for row in chips.to_pylist():
        place = frame.geometry[row["id"]]
        assert (place is None) == (row["footprint"] is None)
        assert place is None or place.equals(shapely.from_wkb(row["footprint"]))


def test_every_value_comes_back(written, chips):
    table = {row["id"]: row for row in pq.read_table(written).to_pylist()}
    for row in chips.to_pylist():
        got = table[row["id"]]
        assert got["embedding"] == row["vector"]
        assert got["labels"] == row["labels"]
        assert got["datetime"] == row["datetime"]
        assert got["source"] == row["scene"]
        assert got["window"] == {side: row[side] for side in ("col", "row", "width", "height")}
        assert got["valid_share"] == row["valid_share"]
        assert got["sensor"] == row["property:sensor"]
        assert (got["crs"], got["transform"]) == (
            ("EPSG:32632", [10.0, 0.0, 5e5, 0.0, -10.0, 5e6]) if row["scene"] == "/data/scenes/crop_02.tif" else (None, None)
        )


def test_the_layout_is_the_documented_one(written):
    schema = pq.read_schema(written)
    assert schema.names[:11] == [
        *("id", "geometry", "bbox", "embedding", "labels", "datetime", "source", "window", "crs", "transform", "valid_share")
    ]
    assert pa.types.is_fixed_size_list(schema.field("embedding").type)
    assert schema.field("embedding").type.value_type == pa.float32()
    assert pq.ParquetFile(written).metadata.row_group(0).column(0).compression == "ZSTD"


def test_geo_metadata_tells_types_bounds_and_covering(written):
    geo = json.loads(pq.read_schema(written).metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"], column["encoding"]) == ("1.1.0", "geometry", "WKB")
    assert column["geometry_types"] == ["MultiPolygon", "Polygon"]
    assert column["bbox"] == [-180.0, -17.0, 180.0, 48.75]
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 4326}


def test_emb_metadata_tells_the_model(written):
    emb = json.loads(pq.read_schema(written).metadata[b"emb"])
    assert emb["model"]["id"] == "tiny-net"
    assert emb["model"]["licence"] == "Apache-2.0"
    assert emb["space"] == {"kind": "cosine", "size": 4, "codes": 1}
    assert (emb["data_type"], emb["quantisation"]["method"], emb["reducer"]) == ("float32", "none", None)


def test_boxes_find_chips_on_both_sides_of_the_antimeridian(written, chips):
    across = chips.column("id")[3].as_py()
    for box in ((179.6, -16.8, 179.9, -16.2), (-179.9, -16.8, -179.6, -16.2)):
        assert geopandas.read_parquet(written, bbox=box).id.tolist() == [across]
    boxes = pq.read_table(written, columns=["id", "bbox"]).to_pylist()
    assert [row["bbox"] for row in boxes if "crop_04" in row["id"]] == [None]


def test_rows_follow_the_curve_whatever_the_batches(tmp_path, chips, passport):
    shuffled = chips.take(pa.array(np.random.default_rng(1).permutation(len(chips))))
    orders = []
    for number, (table, size) in enumerate([(chips, 8), (shuffled, 3), (shuffled, 1)]):
        path = tmp_path / f"{number}.parquet"
        write_archive(path, table.to_batches(max_chunksize=size), chips.schema, passport=passport, grids={}, group_bytes=2000)
        orders.append(pq.read_table(path).column("id").to_pylist())
        assert pq.ParquetFile(path).metadata.num_row_groups > 1
    assert orders[0] == orders[1] == orders[2]
    assert "crop_04" in orders[0][-1]


def test_packed_bits_are_declared_and_no_place_is_null(tmp_path, passport):
    space = Space("hamming", 16)
    made = dataclasses.replace(passport, space=space, self_test=(0.0,) * 8)
    schema = chips_schema(space)
    row = dict.fromkeys(schema.names) | {"id": "a.tif", "scene": "/a.tif", "fingerprint": "f", "labels": [], "vector": [7, 255]}
    row |= {"col": 0, "row": 0, "width": 1, "height": 1, "valid_share": 1.0}
    path = tmp_path / "a.parquet"
    write_archive(path, pa.Table.from_pylist([row], schema=schema).to_batches(), schema, passport=made, grids={})
    table = pq.read_table(path)
    assert table.column("embedding").to_pylist() == [[7, 255]]
    assert table.schema.field("embedding").type.value_type == pa.uint8()
    emb = json.loads(table.schema.metadata[b"emb"])
    assert (emb["quantisation"]["method"], emb["data_type"], emb["space"]["kind"]) == ("sign", "uint8", "hamming")
    geo = json.loads(table.schema.metadata[b"geo"])["columns"]["geometry"]
    assert geo["geometry_types"] == []
    assert "bbox" not in geo
    assert geopandas.read_parquet(path).geometry.isna().all()


def test_a_reducer_is_declared(tmp_path, chips, passport):
    reducer = Reduction(kind="pca", size_in=32, size=4, fitted_on="archive", digest="cd" * 32)
    made = dataclasses.replace(passport, reducer=reducer, self_test=(0.0,) * 8)
    write_archive(tmp_path / "a.parquet", [], chips.schema, passport=made, grids={})
    assert json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"emb"])["reducer"] == dataclasses.asdict(reducer)


def test_an_empty_archive_is_an_empty_table(tmp_path, chips, passport):
    path = tmp_path / "none.parquet"
    write_archive(path, [], chips.schema, passport=passport, grids={})
    assert len(geopandas.read_parquet(path)) == 0


def test_a_ranking_keeps_its_order_and_its_question(tmp_path, ranking):
    path = tmp_path / "hits.parquet"
    write_ranking(path, ranking)
    frame = geopandas.read_parquet(path)
    assert frame.crs == "EPSG:4326"
    assert frame["rank"].tolist() == list(range(1, 9))
    assert frame.id.tolist() == [hit.id for hit in ranking.hits]
    assert frame.geometry[3].geom_type == "MultiPolygon"
    assert frame.geometry[4] is None
    search = json.loads(pq.read_schema(path).metadata[b"search"])
    assert (search["query"], search["filter"]) == ("harbor/pier.jpg", "cloud < 0.9")


def test_a_ranking_without_hits_opens(tmp_path, ranking):
    write_ranking(tmp_path / "none.parquet", dataclasses.replace(ranking, hits=()))
    assert len(geopandas.read_parquet(tmp_path / "none.parquet")) == 0


def test_a_missing_folder_is_told(tmp_path, ranking):
    with pytest.raises(TerrakinError, match="there is no folder"):
        write_ranking(tmp_path / "no" / "hits.parquet", ranking)
