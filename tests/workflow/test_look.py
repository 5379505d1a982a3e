"""`terrakin info`, `show`, `doctor` and `demo`: what there is, and whether it is in order."""

import json
import re
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from terrakin import Archive
from terrakin.api.demo import demo
from terrakin.api.listing import LISTINGS
from terrakin.archive.store import STORES
from terrakin.bundles.bundle import BUNDLES
from terrakin.datasets.dataset import DATASETS
from terrakin.datasets.generated.files import make_scenes
from terrakin.evaluation.distortions.known import DISTORTIONS
from terrakin.evaluation.measures.known import MEASURES
from terrakin.evaluation.protocols.known import PROTOCOLS
from terrakin.hashing.known import HASHERS
from terrakin.papers.reading import tables
from terrakin.scenes.source import SOURCES
from terrakin.spaces.kinds import SPACES
from terrakin.training.reading import RECIPES

REGISTRIES = {
    "models": BUNDLES,
    "recipes": sorted(path.stem for path in RECIPES.glob("*.toml")),
    "datasets": DATASETS,
    "measures": MEASURES,
    "distortions": DISTORTIONS,
    "protocols": PROTOCOLS,
    "hashers": HASHERS,
    "sources": SOURCES,
    "stores": STORES,
    "spaces": SPACES,
    "tables": tables(),
}


def test_info_says_what_an_archive_holds_an_option_a_line(run, scene_archive, scenes) -> None:
    said = dict(line.split(None, 1) for line in run("info", scene_archive).out.splitlines() if not line.startswith("size on"))
    assert said["archive"] == str(scene_archive)
    assert (said["chips"], said["scenes"]) == ("32", "2 (0 files skipped)")
    assert (said["model"], said["space"]) == ("tiny 1", "cosine, 48 dimensions, 192 bytes an image")
    assert said["source"] == str(scenes)
    assert {name: value for name, value in said.items() if name.startswith("--")} == {
        "--bands": "the model's",
        "--chip-size": "64",
        "--overlap": "0",
        "--gsd": "the scene's own",
        "--edges": "shift",
        "--min-valid": "0.5",
        "--scaling": "auto",
        "--labels": "auto",
        "--dates": "auto",
        "--reducer": "none",
        "--multi-code": "none",
        "--hash": "none",
        "--bits": "none",
    }


def test_info_as_json_is_for_programs(run, scene_archive, scenes) -> None:
    facts = json.loads(run("info", scene_archive, "--json").out)
    assert (facts["archive"], facts["chips"], facts["scenes"]) == (str(scene_archive), 32, 2)
    assert facts["space"] == {"kind": "cosine", "size": 48, "codes": 1}
    assert facts["options"]["chipping"]["size"] == 64
    assert facts["sources"] == [str(scenes)]
    assert facts["bytes"] > 1000


@pytest.mark.parametrize("what", sorted(LISTINGS))
def test_show_lists_every_member_with_a_word_about_it(run, what) -> None:
    head, *lines = run("show", what).out.splitlines()
    assert head.startswith("name ")
    # Measures are listed with what can follow their names.
    assert [re.split("[ @,]", line)[0] for line in lines] == list(REGISTRIES[what])
    if what != "datasets":
        assert all(len(line.split()) > 2 for line in lines)
    if what in {"protocols", "stores", "spaces"}:
        words = [line.split(None, 1)[1] for line in lines]
        assert len(set(words)) == len(words)
        assert not any("See `" in line for line in words)


def test_show_tells_what_a_recipe_trains_without_torch(run, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    lines = run("show", "recipes").out.splitlines()
    assert re.split(r"\s{2,}", lines[0]) == ["name", "front-end", "backbone", "head", "losses", "epochs", "what it is"]
    found = {line.split()[0]: re.split(r"\s{2,}", line)[1:] for line in lines[1:]}
    assert found["resnet34.fc1.pca"][:4] == ["resnet34", "fc", "cross-entropy", "40"]
    assert found["resnet34.fc1.pca"][4].startswith("The row that the JSST papers lack")
    assert found["resnet34.jsst.fc"][:5] == ["jsst", "resnet34", "fc", "cross-entropy", "40"]
    assert found["mobilenetv2.triplet"][:4] == ["mobilenetv2", "projection", "triplet", "12"]


def test_a_healthy_archive_is_all_in_order(run, scene_archive) -> None:
    done = run("doctor", scene_archive)
    assert done.err == ""
    lines = done.out.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    told = {line[5:29].strip(): line[30:] for line in lines}
    assert {"python", "pylance", "rasterio", "raster formats", "archive", "scenes", "writer", "disk"} <= set(told)
    assert told["archive"] == "format 1, 32 chips of 2 scenes, tiny 1"


@pytest.fixture
def sick(scene_archive, tmp_path) -> Path:
    return Path(shutil.copytree(scene_archive, tmp_path / "sick"))


def test_a_broken_manifest_is_named_with_what_to_do(run, sick) -> None:
    (sick / "archive.json").write_text("{")
    out = run("doctor", sick, status=1).out
    assert "MEND archive" in out
    assert "archive.json is broken" in out
    assert "restore it from a copy" in out


def test_a_damaged_model_is_named_with_what_to_do(run, sick) -> None:
    model = sick / "bundle" / "model.onnx"
    model.write_bytes(model.read_bytes()[:-20])
    out = run("doctor", sick, status=1).out
    assert re.search("MEND model .* sha256 differs", out)
    assert f"restore {sick}/bundle* from a copy" in out


@pytest.mark.parametrize("table", ["chips.lance", "scenes.lance"])
def test_a_damaged_table_is_named_with_what_to_do(run, sick, table) -> None:
    for file in (sick / table).rglob("*.manifest"):
        file.write_bytes(b"nonsense")
    out = run("doctor", sick, status=1).out
    assert "MEND archive" in out
    assert table in out
    assert "restore it from a copy" in out


def test_a_scene_left_half_done_is_named_with_what_to_do(run, sick) -> None:
    held = Archive.open(sick)
    held.ledger.remove([min(held.ledger.entries())])
    out = run("doctor", sick, status=1).out
    assert "MEND scenes                   1 were left half done" in out
    assert "run the same index command again" in out


def test_a_vanished_source_is_named_with_what_to_do(run, pictures, tiny_bundle, tmp_path) -> None:
    source = Path(shutil.copytree(pictures / "water", tmp_path / "source"))
    Archive.create(tmp_path / "a", model=tiny_bundle).add(source)
    shutil.rmtree(source)
    out = run("doctor", tmp_path / "a", status=1).out
    assert f"MEND source                   {source} is not there" in out


def test_skipped_files_are_counted_with_where_to_read_why(run, pictures, tiny_bundle, tmp_path) -> None:
    source = Path(shutil.copytree(pictures / "water", tmp_path / "source"))
    (source / "cut.png").write_bytes((source / "water01.png").read_bytes()[:100])
    Archive.create(tmp_path / "a", model=tiny_bundle).add(source)
    out = run("doctor", tmp_path / "a").out
    assert "ok   skipped                  1 files were not taken in; the reasons are in" in out
    assert "index-report.json" in out


def test_the_installation_alone_is_looked_at_too(run) -> None:
    out = run("doctor").out
    assert "ok   python" in out
    assert "ok   model aid-mobilenetv2    answers its self-test" in out


def test_a_demo_on_ones_own_images_draws_a_sheet(run, pictures, tmp_path) -> None:
    for name in ("water", "forest"):
        shutil.copytree(pictures / name, tmp_path / "mine" / name, ignore=shutil.ignore_patterns("*[3-9].png", "*1?.png"))
    done = run("demo", tmp_path / "demo", "--images", tmp_path / "mine")
    with Image.open(tmp_path / "demo" / "sheet.png") as sheet:
        assert min(sheet.size) > 200
    assert f"archive: {tmp_path / 'demo' / 'archive-mine'}-" in done.err
    assert "(6 chips)" in done.err
    assert "quality: P@5 " in done.err
    command = ["search", *done.err.splitlines()[-1].partition(" search ")[2].replace("'", "").split()]
    assert len(run(*command).out.splitlines()) == 6
    # Run again, it goes on where it stopped.
    assert run("demo", tmp_path / "demo", "--images", tmp_path / "mine", "--quiet").err == ""
    # Another folder of the same name gets an archive of its own.
    shutil.copytree(tmp_path / "mine" / "water", tmp_path / "other" / "mine")
    run("demo", tmp_path / "demo", "--images", tmp_path / "other" / "mine", "--quiet")
    assert sorted(len(Archive.open(path)) for path in (tmp_path / "demo").glob("archive-mine-*")) == [3, 6]


def test_a_demo_that_is_interrupted_while_it_draws_scenes_starts_them_anew(tmp_path, monkeypatch) -> None:
    def cut_short(folder: Path, *, count: int) -> None:
        make_scenes(folder, count=1, size=256)
        raise KeyboardInterrupt

    monkeypatch.setattr("terrakin.datasets.generated.files.make_scenes", cut_short)
    with pytest.raises(KeyboardInterrupt):
        demo(tmp_path)
    assert not (tmp_path / "scenes").exists()
    monkeypatch.setattr("terrakin.datasets.generated.files.make_scenes", partial(make_scenes, size=256))
    assert demo(tmp_path).chips == 6
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_demo_makes_its_own_scenes(run, tmp_path) -> None:
    done = run("demo", tmp_path / "demo")
    assert len(list((tmp_path / "demo" / "scenes").glob("*.tif"))) == 6
    assert (tmp_path / "demo" / "sheet.png").stat().st_size > 10_000
    assert "(96 chips)" in done.err
