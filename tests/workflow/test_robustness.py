"""`terrakin evaluate --robustness`: how far distorted queries fall, of an archive, of two, and of models on a benchmark."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from terrakin import Archive
from terrakin.datasets.ucm import UCM
from terrakin.evaluation.distortions.known import DISTORTIONS

FEW = ("--robustness", "--distortions", "rotation,noise")


@pytest.fixture(scope="module")
def measured(run_once, picture_archive, tmp_path_factory) -> tuple[str, dict, Path]:
    """What is printed, the JSON, and the folder of charts, of all distortions."""
    folder = tmp_path_factory.mktemp("robustness")
    out = run_once(
        "evaluate", picture_archive, "--robustness", "--queries", 8, "--json", folder / "r.json",
        "--markdown", folder / "r.md", "--charts", folder / "charts", "--quiet",
    )  # fmt: skip
    return out, json.loads((folder / "r.json").read_text()), folder


@pytest.fixture(scope="module")
def run_once():
    """Run `terrakin` with arguments in this process; returns what it printed. For fixtures of the module."""
    import contextlib
    import io

    from terrakin.cli.app import run as program

    def call(*arguments) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert program([str(argument) for argument in arguments]) == 0
        return out.getvalue()

    return call


def report(run, *arguments, path: Path) -> dict:
    run("evaluate", *arguments, "--json", path, "--quiet")
    return json.loads(path.read_text())


def test_every_distortion_is_measured_at_every_strength(measured) -> None:
    out, found, folder = measured
    (model,) = found["models"]
    assert model["name"] == "tiny 1"
    assert list(found["distortions"]) == list(DISTORTIONS)
    wanted = [(name, strength) for name in DISTORTIONS for strength in DISTORTIONS[name].strengths]
    assert [(step["distortion"], step["strength"]) for step in model["steps"]] == wanted
    for name in DISTORTIONS:
        assert f"\n{name} " in out
        assert f"## {name}\n" in (folder / "r.md").read_text()
    assert found["protocol"]["queries"] == 8
    assert found["protocol"]["available"] == 48
    assert "8 of 48 queries (spread over classes by a hash of ids, seed 0; 0 without relevant chips)" in out
    assert model["reference"]["original"] == {"first": {"value": 1.0, "ci95": [1.0, 1.0]}, "median_rank": 1.0}


def test_what_hides_the_picture_hides_the_class(measured) -> None:
    _, found, _ = measured
    (model,) = found["models"]
    by_step = {(step["distortion"], step["strength"]): step for step in model["steps"]}
    # Means of blocks see where things lie, and hardly how sharp they are.
    assert by_step["rotation", 180]["lost"]["map"]["value"] > 0.1
    assert by_step["rotation", 180]["original"]["first"]["value"] < 0.5
    assert abs(by_step["blur", 0.25]["lost"]["map"]["value"]) < 0.02
    assert by_step["haze", 0.7]["original"]["median_rank"] >= by_step["haze", 0.1]["original"]["median_rank"]


def test_pictures_are_drawn(measured) -> None:
    charts = measured[2] / "charts"
    assert {file.name for file in charts.iterdir()} == {"robustness.png", "originals.png"}
    for file in charts.iterdir():
        with Image.open(file) as chart:
            assert min(chart.size) > 600
            chart.verify()


def test_the_reference_is_what_evaluate_gives_exactly(run, picture_archive, tmp_path) -> None:
    found = report(run, picture_archive, *FEW, path=tmp_path / "r.json")
    plain = report(run, picture_archive, "--protocol", "loo", "--measures", "map,p@10", path=tmp_path / "e.json")
    for name in ("map", "p@10"):
        for key in ("value", "ci95"):
            assert found["models"][0]["reference"]["measures"][name][key] == plain["measures"][name][key]
    assert found["protocol"]["queries_hash"] == plain["protocol"]["queries_hash"]
    assert found["protocol"]["chosen"] == "all"


def test_it_comes_out_the_same_again_and_with_any_number_of_threads(picture_archive) -> None:
    archive = Archive.open(picture_archive)
    one, other = (archive.robustness(distortions=["noise"], queries=6, workers=workers, draws=20) for workers in (1, 3))
    assert one == other


def test_two_archives_are_asked_the_same(run, picture_archive, pictures, tiny_bundle, tmp_path) -> None:
    other = Archive.create(tmp_path / "reduced", model=tiny_bundle, reducer="pca:2")
    other.add(pictures)
    done = run(
        "evaluate", picture_archive, *FEW, "--against", other.path, "--json", tmp_path / "r.json", "--charts", tmp_path / "c"
    )
    found = json.loads((tmp_path / "r.json").read_text())
    assert [model["name"] for model in found["models"]] == ["tiny 1", "tiny 1 + pca:2"]
    assert list(found["differences"]) == ["none", "all", "rotation", "noise"]
    first, second = (model["means"]["rotation"]["map"]["value"] for model in found["models"])
    assert found["differences"]["rotation"]["map"]["value"] == pytest.approx(first - second)
    assert "mean over strengths  mAP tiny 1  mAP tiny 1 + pca:2  difference" in done.out
    assert "cosine, 48 dimensions · cosine, 2 dimensions" in done.out
    again = Archive.open(picture_archive).robustness(Archive.open(picture_archive), distortions=["noise"], queries=2, draws=5)
    assert [bearing.name for bearing in again.bearings] == [f"tiny 1 in {picture_archive}"] * 2


@pytest.fixture(scope="module")
def ucm(pictures, tmp_path_factory) -> Path:
    """The layout of UC Merced with four classes of three pictures."""
    root = tmp_path_factory.mktemp("benchmark") / "UCMerced_LandUse"
    for name, source in zip(UCM.classes, sorted(pictures.iterdir()), strict=False):
        (root / "Images" / name).mkdir(parents=True)
        for number, picture in enumerate(sorted(source.iterdir())[:3]):
            shutil.copy(picture, root / "Images" / name / f"{name}{number:02}.png")
    return root


@pytest.mark.filterwarnings("ignore::terrakin.datasets.dataset.CountWarning")
def test_two_models_are_compared_on_a_benchmark(run, ucm, tiny_bundle, tmp_path) -> None:
    other = shutil.copytree(tiny_bundle, tmp_path / "other")
    passport = json.loads((other / "passport.json").read_text())
    (other / "passport.json").write_text(json.dumps({**passport, "name": "other"}))
    asked = ("--dataset", "ucm", "--root", ucm, "--model", tiny_bundle, "--against-model", other)
    found = report(run, *asked, *FEW, path=tmp_path / "r.json")
    assert [model["name"] for model in found["models"]] == [Path(tiny_bundle).name, "other"]
    assert found["differences"]["all"]["map"]["value"] == 0
    plain = report(run, *asked, path=tmp_path / "e.json")
    assert plain["against"]["map"]["difference"] == 0
    assert f"\nagainst {other}\n" in run("evaluate", *asked, "--quiet").out


def test_a_changed_or_missing_file_is_named(run, pictures, tiny_bundle, tmp_path) -> None:
    source = Path(shutil.copytree(pictures, tmp_path / "source"))
    archive = Archive.create(tmp_path / "archive", model=tiny_bundle)
    archive.add(source)
    Image.new("RGB", (24, 24), (250, 10, 10)).save(source / "water" / "water05.png")
    told = run("evaluate", archive.path, *FEW, status=1).err
    assert "'water/water05.png' is not what it was when it was indexed" in told
    (source / "water" / "water05.png").unlink()
    assert "water05.png does not exist" in run("evaluate", archive.path, *FEW, status=1).err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--robustness", "--protocol", "jsst20"], "--protocol: --robustness measures mAP and P@10 by leave-one-out"),
        (["--robustness", "--measures", "map"], "--measures: --robustness measures"),
        (["--robustness", "--ties", "best"], "--ties: --robustness measures"),
        (["--robustness", "--mean", "class"], "--mean: --robustness measures"),
        (["--robustness", "--interval", "class"], "--interval: --robustness measures"),
        (["--queries", "5"], "--distortions and --queries go with --robustness"),
        (["--distortions", "haze"], "--distortions and --queries go with --robustness"),
        (["--robustness", "--distortions", "hase"], "no distortions named 'hase'; did you mean 'haze'?"),
        (["--against-model", "imagenet-mobilenetv2"], "--model, --against-model, --reducer and --root go with --dataset"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run, picture_archive, arguments, words) -> None:
    assert words in " ".join(run("evaluate", picture_archive, *arguments, status=2).err.replace("'--", "--").split())


def test_only_one_other_is_compared(run, ucm, picture_archive) -> None:
    told = run(
        "evaluate", "--dataset", "ucm", "--root", ucm, "--against", picture_archive, "--against-model", "x", status=2
    ).err  # fmt: skip
    assert "choose one" in told


def test_the_command_chooses_distortions_and_queries(run, picture_archive) -> None:
    said = run("evaluate", picture_archive, "--robustness", "--distortions", "rotation", "--queries", 4).out
    assert "rotation" in said
    assert "noise" not in said
    assert "4 of " in said
