"""Codes from the command line: made, told, searched, measured."""

import json
import shutil
from pathlib import Path

import pytest

from terrakin import Archive


@pytest.fixture(scope="module")
def coded(picture_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`picture_archive` with codes; tests only read it, or measure its recall."""
    path = Path(shutil.copytree(picture_archive, tmp_path_factory.mktemp("coded") / "pictures"))
    Archive.open(path).encode("lsh", bits=16)
    return path


def test_index_keeps_codes_and_says_what_they_take(run, pictures, tiny_bundle, tmp_path) -> None:
    said = run("index", pictures, "--archive", tmp_path / "a", "--model", tiny_bundle, "--hash", "itq", "--bits", 24).err
    assert "codes: itq, 24 bits, 3 bytes an image beside 192 of its vector\n" in said
    assert "codes         itq, 24 bits, 3 bytes an image beside 192 of its vector\n" in run("info", tmp_path / "a").out
    assert json.loads(run("info", tmp_path / "a", "--json").out)["codes"]["bytes_per_image"] == 3
    # Again, there is nothing to do; and what was asked for need not be said again.
    before = Archive.open(tmp_path / "a").store.checkpoint()
    assert "48 unchanged" in run("index", pictures, "--archive", tmp_path / "a").err
    assert Archive.open(tmp_path / "a").store.checkpoint() == before


def test_codes_of_an_archive_that_exists_are_made_without_sources(run, picture_archive, tmp_path) -> None:
    path = Path(shutil.copytree(picture_archive, tmp_path / "copy"))
    assert "codes         none\n" in run("info", path).out
    said = run("index", "--archive", path, "--hash", "sign", "--bits", 8).err
    assert said == "codes: sign, 8 bits, 1 byte an image beside 192 of its vector\n"
    assert run("index", "--archive", path, "--bits", 16).err.startswith("codes: sign, 16 bits, 2 bytes")
    assert "name what is to be indexed" in run("index", "--archive", path, status=2).err
    assert "did you mean 'itq'" in run("index", "--archive", path, "--hash", "iqt", status=2).err
    assert "multiple of 8" in run("index", "--archive", path, "--hash", "itq", "--bits", 12, status=2).err
    assert "no archive" in run("index", "--archive", tmp_path / "absent", "--hash", "itq", status=1).err


def test_codes_rank_and_tell_their_recall(run, coded) -> None:
    plain = json.loads(run("search", coded, "water/water03.png", "--format", "json").out)
    assert "codes" not in plain
    done = run("search", coded, "water/water03.png", "-k", 4, "--codes", "--format", "json")
    found = json.loads(done.out)
    assert found["space"] == {"kind": "hamming", "size": 16, "codes": 1}
    assert found["codes"] == {"bits": 16, "shortlist": None}
    assert (found["recall"]["k"], found["recall"]["queries"], found["recall"]["chips"]) == (4, 48, 48)
    assert 0 < found["recall"]["value"] < 1
    assert all(hit["distance"] == int(hit["distance"]) for hit in found["hits"])
    share = found["recall"]["value"]
    assert f"recall@4 {share:.3f} of the ranking by vectors, measured with 48 chips of this archive as queries" in done.err
    located = json.loads(run("search", coded, "water/water03.png", "-k", 4, "--codes", "--format", "geojson").out)
    assert located["search"]["recall"] == found["recall"]


def test_a_shortlist_is_ranked_by_vectors(run, coded) -> None:
    exact = json.loads(run("search", coded, "water/water03.png", "-k", 4, "--format", "json").out)
    done = run("search", coded, "water/water03.png", "-k", 4, "--shortlist", 20, "--format", "json")
    found = json.loads(done.out)
    assert found["hits"] == exact["hits"]
    assert (found["space"], found["codes"]) == (exact["space"], {"bits": 16, "shortlist": 20})
    assert "recall@4 1.000" in done.err
    short = json.loads(run("search", coded, "water/water03.png", "-k", 4, "--shortlist", 1, "--format", "json").out)
    assert short["recall"]["value"] < 1
    only = run("search", coded, "water/water03.png", "--shortlist", 2, "--where", "label = 'forest'", "--format", "json").out
    assert {label for hit in json.loads(only)["hits"] for label in hit["labels"]} == {"forest"}


def test_evaluate_measures_codes_over_ties(run, coded, picture_archive) -> None:
    said = run("evaluate", coded, "--codes", "--measures", "map", "--against", coded).out
    assert "ties expected" in said
    assert "Hamming, 16 bits" in said
    assert f"against {coded} by its vectors\n" in said
    assert "has no codes; make them of its vectors" in run("evaluate", picture_archive, "--codes", status=1).err
    assert "codes are those of an ARCHIVE" in run("evaluate", "--dataset", "ucm", "--root", coded, "--codes", status=2).err


def test_what_does_not_go_with_codes_is_told(run, coded, picture_archive) -> None:
    said = run("search", picture_archive, "water/water03.png", "--codes", status=1).err
    assert "has no codes; make them of its vectors" in said
    weighed = ("--label", "water", "--label-match", "overlap")
    assert "leave codes out" in run("search", coded, "water/water03.png", "--codes", *weighed, status=2).err
    said = run("evaluate", coded, "--protocol", "mhcln", status=1).err
    assert "these vectors are cosine; ask codes (`terrakin evaluate ARCHIVE --codes`" in said
    said = run("evaluate", coded, "--codes", "--protocol", "jsst20", status=1).err
    assert "these are hamming codes; ask vectors (without --codes" in said
    assert "name some, with --label" in run("search", coded, "water/water03.png", "--label-match", "exactly", status=2).err
