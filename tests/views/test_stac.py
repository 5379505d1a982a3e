import dataclasses
import datetime as dt
import json

import geopandas
import pystac
import pystac.validation
import pytest
from PIL import Image

from terrakin.bundles.passport import Reduction
from terrakin.errors import TerrakinError
from terrakin.views.stac import EMBEDDINGS, write_archive
from terrakin.views.stac_model import MLM, model_item

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def export(folder, chips, passport, **changed):
    options = {"title": "demo", "sources": ["/data/scenes"], "model": b"onnx", "grids": {}, "now": NOW} | changed
    write_archive(folder, chips.to_batches(max_chunksize=3), chips.schema, passport=passport, **options)
    return folder


@pytest.fixture
def catalogue(tmp_path, chips, passport):
    return export(tmp_path / "catalogue", chips, passport)


@pytest.fixture
def items(catalogue):
    collection = pystac.Collection.from_file(str(catalogue / "collection.json"))
    return {item.id: item for item in collection.get_items()}


def test_everything_validates_and_every_chip_has_its_item(catalogue, chips):
    collection = pystac.Collection.from_file(str(catalogue / "collection.json"))
    assert collection.validate_all() == len(chips)
    assert sorted(item.id for item in collection.get_items()) == sorted(chips.column("id").to_pylist())


def test_items_tell_place_time_and_labels(items, ranking, hostile):
    for hit in ranking.hits:
        item = items[hit.id]
        assert item.datetime == hit.datetime
        assert item.properties.get("keywords", []) == list(hit.labels)
        assert item.bbox == (None if hit.bbox is None else list(hit.bbox))
        assert (item.geometry is None) == (hit.footprint is None)
    assert items[ranking.hits[3].id].geometry["type"] == "MultiPolygon"
    assert items[ranking.hits[6].id].properties["keywords"] == [hostile]
    assert items[ranking.hits[2].id].properties["terrakin:property:sensor"] == "S2"


def test_an_unknown_date_is_a_span_and_not_a_guess(items, ranking):
    said = items[ranking.hits[5].id].properties
    assert said["datetime"] is None
    assert (said["start_datetime"], said["end_datetime"]) == ("1858-01-01T00:00:00Z", "2026-11-21T12:00:00Z")


def test_links_and_assets_lead_somewhere(catalogue, items, chips, ranking):
    for item in items.values():
        parent = item.get_parent()
        assert parent is not None
        assert parent.id == "demo"
        embeddings = geopandas.read_parquet(item.assets["embeddings"].get_absolute_href())
        assert item.id in set(embeddings.id)
        assert item.get_single_link("emb:source-data").href.startswith("file:///data/scenes/crop_0")
    with Image.open(items[ranking.hits[0].id].assets["thumbnail"].get_absolute_href()) as picture:
        assert picture.size == (96, 96)
    assert "thumbnail" not in items[ranking.hits[7].id].assets


def test_the_catalogue_can_be_moved(catalogue, tmp_path):
    text = "".join(path.read_text(encoding="utf-8") for path in catalogue.rglob("*.json"))
    assert str(tmp_path) not in text
    catalogue.rename(tmp_path / "elsewhere")
    assert pystac.Collection.from_file(str(tmp_path / "elsewhere" / "collection.json")).validate_all() == 8


def test_chips_of_one_scene_share_a_folder(catalogue):
    folders = {path.name: len(list(path.glob("*.json"))) for path in (catalogue / "items").iterdir()}
    assert sorted(folders.values()) == [1, 1, 1, 1, 1, 1, 2]
    assert all(name.startswith("crop_0") for name in folders)


def test_the_collection_carries_the_fields_of_the_embeddings_extension(catalogue):
    said = json.loads((catalogue / "collection.json").read_text(encoding="utf-8"))
    assert (said["emb:type"], said["emb:dimensions"], said["data_type"]) == ("chip", 4, "float32")
    hrefs = {link["rel"]: link["href"] for link in said["links"]}
    assert (hrefs["emb:model"], hrefs["emb:source-data"], hrefs["describedby"]) == (
        "./model/model.json",
        "file:///data/scenes",
        EMBEDDINGS,
    )
    assert said["extent"]["spatial"]["bbox"] == [[-180.0, -17.0, 180.0, 48.75]]
    assert said["extent"]["temporal"]["interval"] == [["1858-01-01T00:00:00Z", "2026-11-21T12:00:00Z"]]


def test_the_model_is_an_item_of_its_own(catalogue, passport):
    assert (catalogue / "model" / "model.onnx").read_bytes() == b"onnx"
    said = json.loads((catalogue / "model" / "model.json").read_text(encoding="utf-8"))
    assert said == model_item(passport, NOW)
    pystac.validation.validate_dict(said | {"stac_extensions": []})


def test_the_model_carries_the_fields_of_its_extension(passport):
    said = model_item(passport, NOW)
    fields = said["properties"]
    assert said["stac_extensions"] == [MLM]
    assert fields["mlm:name"] == "tiny-net"
    assert fields["license"] == "Apache-2.0"
    assert fields["mlm:input"][0]["input"] == {
        "shape": [-1, 3, 64, 64],
        "dim_order": ["batch", "bands", "height", "width"],
        "data_type": "float32",
    }
    # The extension asks that bands of the input are described as STAC 1.1 describes bands.
    assert fields["mlm:input"][0]["bands"] == [band["name"] for band in fields["bands"]] == ["red", "green", "blue"]
    assert fields["mlm:input"][0]["value_scaling"][1] == {"type": "z-score", "mean": 0.4, "stddev": 0.2}
    assert fields["mlm:output"][0]["result"]["shape"] == [-1, 4]
    assert said["assets"]["model"]["roles"] == ["mlm:model"]
    assert said["assets"]["model"]["mlm:artifact_type"] == "onnx"


def test_a_reduced_model_says_so(passport):
    reducer = Reduction(kind="pca", size_in=32, size=4, fitted_on="archive", digest="cd" * 32)
    fields = model_item(dataclasses.replace(passport, reducer=reducer, self_test=(0.0,) * 8), NOW)["properties"]
    assert fields["description"] == "Embeddings are reduced by pca to 4 dimensions, fitted on archive."
    assert fields["mlm:output"][0]["result"]["shape"] == [-1, 32]


def test_an_archive_without_geography_spans_the_world(tmp_path, chips, passport):
    folder = export(tmp_path / "c", chips.slice(4, 1), passport)
    collection = pystac.Collection.from_file(str(folder / "collection.json"))
    assert collection.validate_all() == 1
    assert collection.extent.spatial.bboxes == [[-180.0, -90.0, 180.0, 90.0]]


def test_a_folder_that_holds_something_is_refused(catalogue, chips, passport):
    with pytest.raises(TerrakinError, match="it exists and is not an empty folder"):
        export(catalogue, chips, passport)


def test_no_sources_are_the_callers_mistake(tmp_path, chips, passport):
    with pytest.raises(ValueError, match="at least one source"):
        export(tmp_path / "c", chips, passport, sources=[])
    assert list(tmp_path.iterdir()) == []
