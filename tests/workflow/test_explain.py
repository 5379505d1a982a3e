"""`terrakin explain`: what a front-end makes of a query and of its hits."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from terrakin import Archive
from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.bundles.conversions import Conversions, Part
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.nn.heads.known import HEADS
from terrakin.training.draft import Draft
from terrakin.training.export import export
from terrakin.training.network import Network

QUARTER = [0.0, -1.0, 0.0, 1.0, 0.0, 0.0]
"""Turned by a quarter, counter-clockwise."""
TINT = [0.5, 1.0, 1.0, 0.25]
SIDE = 24


@pytest.fixture
def turning(tiny_backbone, tmp_path) -> Path:
    """A bundle that turns every image by a quarter and tints it, for each a little otherwise."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        frontend = FRONTENDS["jsst"](3, size=SIDE)
        regression = frontend.generators[0].regression
        nn.init.normal_(regression.weight, std=0.002)
        with torch.no_grad():
            regression.bias.copy_(torch.tensor(QUARTER + TINT))
        backbone = BACKBONES["tiny"]()
        network = Network(backbone, HEADS["gap"](backbone.channels, 0), frontend).eval()
    said = Conversions("jsst", (Part("affine", 6), Part("linear", 4)), ("affine", "linear"))
    bands = ("red", "green", "blue")
    draft = Draft("turning", "1", bands, SIDE, network.mean, network.std, "none", "Apache-2.0", frontend=said)
    export(network, draft, card="x").save(tmp_path / "turning")
    return tmp_path / "turning"


@pytest.fixture
def archive(turning, pictures, tmp_path) -> Path:
    Archive.create(tmp_path / "a", model=turning).add(pictures)
    return tmp_path / "a"


def test_a_query_and_its_hits_are_told_drawn_and_written(run, archive, tmp_path) -> None:
    query = "water/water03.png"
    done = run("explain", archive, query, "-k", 2, "--out", tmp_path / "e.png", "--json", tmp_path / "e.json")
    assert done.err == f"drawn: {tmp_path / 'e.png'}\nparameters: {tmp_path / 'e.json'}\n"
    lines = done.out.splitlines()
    assert lines[0] == f"query  {query}"
    assert [line.split()[0] for line in lines] == [
        "query",
        "affine",
        "linear",
        "1",
        "affine",
        "linear",
        "2",
        "affine",
        "linear",
    ]
    assert all("counter-clockwise" in line for line in lines[1::3])
    found = json.loads(run("search", archive, query, "-k", 2, "--format", "json").out)["hits"]
    said = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    assert list(said) == ["archive", "query", "model", "frontend", "bands", "space", "k", "filter", "images"]
    assert [(image["rank"], image["id"], image["distance"], image["labels"]) for image in said["images"][1:]] == [
        (hit["rank"], hit["id"], hit["distance"], hit["labels"]) for hit in found
    ]
    for image in said["images"]:
        affine, linear = image["conversions"]
        assert affine["parameters"]["rotation_degrees"] == pytest.approx(90, abs=3)
        assert linear["parameters"]["gain_red"] == pytest.approx(0.5, abs=0.05)
        assert linear["words"] in done.out
        assert len(image["theta"]) == 10
    with Image.open(tmp_path / "e.png") as sheet:
        assert sheet.width > 3 * 208
        assert sheet.height > 3 * 208


def test_images_are_those_that_the_model_saw(archive, pictures) -> None:
    explained = Archive.open(archive).explain("water/water03.png", k=3)
    assert len(explained) == 4
    bundle = Archive.open(archive).bundle
    for image in explained:
        with Image.open(pictures / image.id) as picture:
            came = np.asarray(picture, np.float32).transpose(2, 0, 1) / 255
        np.testing.assert_allclose(image.image, came, atol=1e-6)
        turned, tinted = (step.image for step in image.steps)
        matrix, gains, bias = image.theta[:6], np.array(image.theta[6:9], np.float32), image.theta[9]
        assert np.abs(matrix - np.array(QUARTER)).max() < 0.1
        np.testing.assert_allclose(tinted, turned * gains[:, None, None] + bias, atol=1e-5)
        inner = (slice(None), slice(6, -6), slice(6, -6))
        assert np.corrcoef(turned[inner].ravel(), np.rot90(came, axes=(1, 2))[inner].ravel())[0, 1] > 0.9
        np.testing.assert_array_equal(bundle.theta(came[None])[0], image.theta)


def test_a_file_is_a_query_and_filters_hold(run, archive, pictures) -> None:
    explained = Archive.open(archive).explain(pictures / "field" / "field00.png", k=2, where="label = 'forest'")
    assert [image.role for image in explained] == ["query", "hit", "hit"]
    assert {image.labels for image in explained[1:]} == {("forest",)}
    assert explained.explanation.filter == "label = 'forest'"
    assert run("explain", archive, pictures / "field" / "field00.png", "-k", 2, "--where", "label = 'forest'").out == str(
        explained
    )
    assert run("explain", archive, "field/field00.png", "--where", "label = 'none'").out.count("\n") == 3


def test_a_notebook_shows_the_picture(archive) -> None:
    explained = Archive.open(archive).explain("field/field00.png", k=1)
    assert explained._repr_png_().startswith(b"\x89PNG")
    assert repr(explained) == "<Explained: 'field/field00.png' with 1 hits>"


def test_a_box_on_a_scene_is_a_query(run, turning, scenes, scene_files, tmp_path) -> None:
    made = Archive.create(tmp_path / "s", model=turning, chip_size=64)
    made.add(scenes)
    chip = made.search(next(iter(made.store.scan(["id"]))).column("id")[0].as_py(), k=1)[0]
    box = ",".join(map(str, chip.bbox))
    out = run("explain", tmp_path / "s", chip.source, "--box", box, "-k", 1).out
    assert out.splitlines()[0].startswith(f"query  {chip.source} box ")
    assert out.splitlines()[3].endswith(chip.id)


def test_places_and_dates_choose_what_is_explained(run, turning, scenes, tmp_path) -> None:
    made = Archive.create(tmp_path / "s", model=turning, chip_size=64)
    made.add(scenes)
    chip = next(iter(made.store.scan(["id"]))).column("id")[0].as_py()

    def hits(*options: object) -> int:
        said = run("explain", tmp_path / "s", chip, "-k", 3, *options, "--quiet").out
        return sum(line[0].isdigit() for line in said.splitlines())

    assert hits() == 3
    assert hits("--bbox", "-170,-80,-169,-79") == hits("--since", "2100") == hits("--until", "1900") == 0


def test_a_model_without_a_front_end_is_refused(run, picture_archive) -> None:
    done = run("explain", picture_archive, "water/water03.png", status=1)
    assert done.err.startswith("terrakin: tiny cannot be explained: it has no front-end")
    assert "such as mobilenetv2.jsst" in done.err
    assert done.out == ""


def test_an_older_bundle_of_a_front_end_works_but_is_not_explained(run, turning, pictures, tmp_path) -> None:
    bundle = open_bundle(turning)
    older = Bundle(replace(bundle.passport, frontend=None), model=bundle.model, card=bundle.card)
    older.save(tmp_path / "older")
    assert '"frontend"' not in (tmp_path / "older" / "passport.json").read_text()
    run("index", pictures, "--archive", tmp_path / "b", "--model", tmp_path / "older", "--quiet")
    assert run("search", tmp_path / "b", "water/water03.png", "-k", 2).out
    assert run("evaluate", tmp_path / "b", "--quiet").out
    done = run("explain", tmp_path / "b", "water/water03.png", status=1)
    assert "the passport of turning does not say what its front-end does" in done.err
    assert "with --resume" in done.err
