"""`terrakin search`: more like this, in every way to ask and every form of answer."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import geopandas
import pytest
import shapely
from PIL import Image

from terrakin import Archive, Hits


@pytest.fixture
def ask(run):
    """The hits of a search as records."""

    def call(*arguments) -> list[dict]:
        return json.loads(run("search", *arguments, "--format", "json").out)["hits"]

    return call


@pytest.fixture(scope="module")
def chip(scene_archive) -> dict:
    """The first chip of the first scene."""
    rows = [row for batch in Archive.open(scene_archive).store.scan(["id", "scene", "labels"]) for row in batch.to_pylist()]
    return min(rows, key=lambda row: row["id"])


def test_a_chip_is_a_query_and_no_answer_to_itself(ask, picture_archive) -> None:
    hits = ask(picture_archive, "water/water03.png", "-k", 5)
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4, 5]
    assert {hit["labels"][0] for hit in hits} == {"water"}
    assert "water/water03.png" not in {hit["id"] for hit in hits}
    distances = [hit["distance"] for hit in hits]
    assert distances == sorted(distances)


def test_an_image_file_is_a_query_and_finds_its_own_chip(ask, picture_archive, pictures) -> None:
    hits = ask(picture_archive, pictures / "harbor" / "harbor07.png")
    assert (hits[0]["id"], hits[0]["distance"]) == ("harbor/harbor07.png", pytest.approx(0, abs=1e-6))


def test_an_image_of_any_size_and_mode_is_a_query(ask, picture_archive, pictures, tmp_path) -> None:
    picture = Image.open(pictures / "field" / "field00.png")
    for name, other in {"large.jpg": picture.resize((700, 333)), "palette.png": picture.convert("P")}.items():
        other.save(tmp_path / name)
        assert ask(picture_archive, tmp_path / name, "-k", 3)[0]["labels"] == ["field"]


def test_a_scene_with_a_box_is_a_query(ask, scene_archive, scene_files, chip) -> None:
    scene = Path(chip["scene"])
    wanted = next(hit for hit in ask(scene_archive, scene, "-k", 32) if hit["id"] == chip["id"])
    hits = ask(scene_archive, scene, "--box", ",".join(map(str, wanted["bbox"])))
    assert hits[0]["id"] == chip["id"]
    assert hits[0]["distance"] < 0.1
    whole = ask(scene_archive, scene, "-k", 1)
    assert whole[0]["distance"] > hits[0]["distance"]


def test_several_examples_pull_and_push(ask, picture_archive) -> None:
    both = ask(picture_archive, "water/water00.png", "--like", "forest/forest00.png", "-k", 20)
    assert {hit["labels"][0] for hit in both} == {"water", "forest"}
    only = ask(picture_archive, "--like", "water/water00.png", "--like", "water/water01.png", "-k", 5)
    assert not {"water/water00.png", "water/water01.png"} & {hit["id"] for hit in only}
    near = ask(picture_archive, "water/water00.png", "-k", 47)
    away = ask(picture_archive, "water/water00.png", "--unlike", "forest/forest00.png", "-k", 46)

    def place(hits: list[dict]) -> float:
        ranks = [hit["rank"] for hit in hits if hit["labels"] == ["forest"]]
        return sum(ranks) / len(ranks)

    assert place(away) > place(near)
    assert "forest/forest00.png" not in {hit["id"] for hit in away}


def test_filters_hold_before_ranking(ask, picture_archive) -> None:
    everything = ask(picture_archive, "water/water03.png", "-k", 100)
    assert len(everything) == 47
    for where, passes in {
        "label = 'harbor'": lambda hit: hit["labels"] == ["harbor"],
        "label != 'water' and not label = 'field'": lambda hit: hit["labels"][0] in ("forest", "harbor"),
        "id in ('field/field00.png', 'water/water05.png')": lambda hit: hit["id"] in ("field/field00.png", "water/water05.png"),
    }.items():
        expected = [hit["id"] for hit in everything if passes(hit)]
        assert [hit["id"] for hit in ask(picture_archive, "water/water03.png", "-k", 100, "--where", where)] == expected
        assert [hit["id"] for hit in ask(picture_archive, "water/water03.png", "-k", 1, "--where", where)] == expected[:1]


def test_boxes_and_dates_choose_chips(ask, scene_archive, scene_files, chip) -> None:
    hits = ask(scene_archive, chip["id"], "-k", 31)
    assert len(hits) == 31
    one, other = scene_files
    of_other = [hit["id"] for hit in hits if hit["source"] == str(other.path)]
    west, south, east, north = zip(*(hit["bbox"] for hit in hits if hit["source"] == str(other.path)), strict=True)
    around = f"{min(west)},{min(south)},{max(east)},{max(north)}"
    assert [hit["id"] for hit in ask(scene_archive, chip["id"], "-k", 31, "--bbox", around)] == of_other
    early, late = sorted((one, other), key=lambda file: file.acquired)
    since = ask(scene_archive, chip["id"], "-k", 31, "--since", f"{late.acquired:%Y-%m-%d}")
    assert {hit["source"] for hit in since} == {str(late.path)}
    until = ask(scene_archive, chip["id"], "-k", 31, "--until", f"{early.acquired:%Y-%m-%d}")
    assert {hit["source"] for hit in until} == {str(early.path)}
    assert ask(scene_archive, chip["id"], "--since", "2030") == []


def test_json_says_what_was_asked(run, scene_archive, chip) -> None:
    done = run(
        "search", scene_archive, chip["id"], "-k", 2, "--where", "valid_share > 0.5", "--since", 2000, "--format", "json"
    )
    assert done.err == ""
    answer = json.loads(done.out)
    assert list(answer) == ["archive", "query", "space", "k", "filter", "hits"]
    assert (answer["archive"], answer["query"], answer["k"]) == (str(scene_archive), chip["id"], 2)
    assert answer["space"] == {"kind": "cosine", "size": 48, "codes": 1}
    assert answer["filter"] == "valid_share > 0.5 and since 2000"
    assert list(answer["hits"][0]) == ["rank", "id", "distance", "source", "window", "labels", "datetime", "bbox"]


def test_every_form_tells_the_same_hits(run, ask, scene_archive, chip, tmp_path) -> None:
    command = ("search", scene_archive, chip["id"], "-k", 4)
    records = ask(*command[1:])
    ids = [record["id"] for record in records]
    assert [json.loads(line) for line in run(*command, "--format", "jsonl").out.splitlines()] == records
    rows = list(csv.DictReader(io.StringIO(run(*command, "--format", "csv").out)))
    assert [(row["id"], float(row["distance"])) for row in rows] == [(hit["id"], hit["distance"]) for hit in records]
    features = json.loads(run(*command, "--format", "geojson").out)["features"]
    assert [feature["id"] for feature in features] == ids
    for feature, record in zip(features, records, strict=True):
        assert shapely.geometry.shape(feature["geometry"]).bounds == pytest.approx(record["bbox"], abs=1e-6)
    head, *lines = run(*command, "--format", "table").out.splitlines()
    assert head.split() == ["rank", "distance", "id", "labels", "date"]
    assert [line.split()[2] for line in lines] == ids
    run(*command, "--format", "geoparquet", "--out", tmp_path / "hits.parquet")
    frame = geopandas.read_parquet(tmp_path / "hits.parquet")
    assert list(frame["id"]) == ids
    assert frame.crs.to_epsg() == 4326


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "geojson"])
def test_out_writes_what_would_be_printed(run, scene_archive, chip, tmp_path, form) -> None:
    command = ("search", scene_archive, chip["id"], "-k", 3, "--format", form)
    done = run(*command, "--out", tmp_path / "hits")
    assert done.out == ""
    assert done.err == f"3 hits: {tmp_path / 'hits'}\n"
    assert (tmp_path / "hits").read_text() == run(*command).out
    assert run(*command, "--out", tmp_path / "hits", "--quiet").err == ""


def test_a_contact_sheet_shows_query_and_hits(run, scene_archive, chip, tmp_path) -> None:
    done = run("search", scene_archive, chip["id"], "-k", 5, "--sheet", tmp_path / "sheet.png")
    assert f"contact sheet: {tmp_path / 'sheet.png'}" in done.err
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > sheet.height > 100
        colours = sheet.convert("RGB").getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert len(colours) > 500


def test_a_table_off_a_terminal_has_no_colours(terrakin, picture_archive) -> None:
    done = terrakin("search", picture_archive, "water/water03.png")
    assert not set(done.stdout + done.stderr) & {"\x1b", "\r"}
    assert len(done.stdout.splitlines()) == 11


def test_a_chip_of_a_file_that_is_gone_still_answers(ask, tiny_bundle, pictures, tmp_path) -> None:
    source = Path(shutil.copytree(pictures / "water", tmp_path / "source"))
    Archive.create(tmp_path / "a", model=tiny_bundle).add(source)
    shutil.rmtree(source)
    assert len(ask(tmp_path / "a", "water03.png", "-k", 20)) == 11


def test_duplicates_are_listed_closest_first(run, pictures, tiny_bundle, tmp_path) -> None:
    source = Path(shutil.copytree(pictures, tmp_path / "source"))
    shutil.copy(source / "water" / "water01.png", source / "water" / "again.png")
    picture = Image.open(source / "forest" / "forest01.png")
    picture.resize((48, 48), Image.Resampling.NEAREST).save(source / "forest" / "larger.png")
    Archive.create(tmp_path / "a", model=tiny_bundle).add(source)
    done = run("duplicates", tmp_path / "a", "--distance", 0.001)
    lines = done.out.splitlines()
    assert lines[0] == "0.0000  water/again.png  water/water01.png"
    assert "forest/forest01.png  forest/larger.png" in lines[1]
    assert done.err == "groups: 2, chips in them: 4\n"
    groups = [
        json.loads(line)
        for line in run("duplicates", tmp_path / "a", "--distance", 0.001, "--format", "jsonl").out.splitlines()
    ]
    assert groups[0] == {"distance": 0.0, "ids": ["water/again.png", "water/water01.png"]}
    closer = run("duplicates", tmp_path / "a", "--distance", 0, "--format", "jsonl").out
    assert [json.loads(line)["ids"] for line in closer.splitlines()] == [groups[0]["ids"]]
    assert run("duplicates", tmp_path / "a", "--quiet").err == ""


def test_hits_show_themselves_in_a_notebook(picture_archive) -> None:
    hits = Archive.open(picture_archive).search("water/water00.png", k=2)
    odd = replace(hits[0], labels=("<script>a & b",))
    html = Hits(replace(hits.ranking, hits=(odd, hits[1])))._repr_html_()
    assert html.count("<img") == 3
    assert "&lt;script&gt;a &amp; b" in html
    assert "<script" not in html


def test_the_ending_of_a_file_tells_its_format(run, picture_archive, tmp_path) -> None:
    for name, begins in (("hits.geojson", '{"type":"FeatureCollection"'), ("hits.csv", "rank,id,"), ("hits.json", "{")):
        run("search", picture_archive, "water/water00.png", "-k", 2, "--out", tmp_path / name)
        assert (tmp_path / name).read_text().replace(" ", "").startswith(begins)
    run("search", picture_archive, "water/water00.png", "--out", tmp_path / "hits.parquet")
    assert (tmp_path / "hits.parquet").read_bytes().startswith(b"PAR1")


def test_no_hits_are_said_with_the_filter(run, picture_archive) -> None:
    done = run("search", picture_archive, "water/water00.png", "--where", "label = 'desert'")
    assert "no hits: no chip passes \"label = 'desert'\"" in done.err


def test_a_name_that_is_neither_file_nor_chip_says_both(run, picture_archive) -> None:
    assert "there is no file 'wter.png', and no chip 'wter.png'" in run("search", picture_archive, "wter.png", status=1).err
