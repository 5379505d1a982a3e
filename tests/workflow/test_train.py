"""Training as a person does it: from labelled chips to a model that indexes and searches."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from terrakin.bundles.bundle import open_bundle
from terrakin.datasets.generated.files import make_labelled_folder

FAILED, WRONG, INTERRUPTED = 1, 2, 130


@pytest.fixture(scope="session")
def chips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated chips of six classes, a folder each."""
    folder = tmp_path_factory.mktemp("train") / "chips"
    make_labelled_folder(folder, per_class=5, size=48)
    return folder


@pytest.fixture
def recipe(tiny_recipe: Path) -> Path:
    return tiny_recipe


@pytest.fixture
def fails(run) -> Callable[..., None]:
    """`train` with these arguments must fail with a status, in one line that matches, and say nothing else."""

    def call(status: int, words: str, *arguments: object) -> None:
        done = run("train", *arguments, status=status)
        (line,) = done.err.splitlines()
        assert re.search(f"^terrakin: .*{words}", line), line
        assert done.out == ""

    return call


def test_a_model_is_trained_and_used(run, recipe, chips, tmp_path) -> None:
    out = tmp_path / "mine"
    done = run("train", recipe, "--data", chips, "--out", out)
    assert done.out == ""
    assert done.err.splitlines() == [
        f"wrote {out}: tiny-trained, cosine of 8; log and curves are in {out}.training",
        f"index with it: terrakin index SOURCE --archive ARCHIVE --model {out}",
    ]
    assert "tiny-trained 1.0" in run("model", "check", out).out
    assert "30 added" in run("index", chips, "--archive", tmp_path / "archive", "--model", out).err
    found = run("search", tmp_path / "archive", next((chips / "harbours").iterdir()), "-k", 3, "--format", "jsonl").out
    hits = [json.loads(line) for line in found.splitlines()]
    assert len(hits) == 3
    assert hits[0]["id"].startswith("harbours/")
    assert hits[0]["distance"] == pytest.approx(0, abs=1e-5)


def test_an_archive_with_labels_is_trained_on_and_indexed_again(run, recipe, chips, tiny_bundle, tmp_path) -> None:
    run("index", chips, "--archive", tmp_path / "first", "--model", tiny_bundle)
    run("train", recipe, "--data", tmp_path / "first", "--out", tmp_path / "mine.zip")
    run("train", recipe, "--data", chips, "--out", tmp_path / "of-folder.zip")
    of_archive, of_folder = (open_bundle(tmp_path / name) for name in ("mine.zip", "of-folder.zip"))
    assert "| images | 2" in of_archive.card
    assert of_archive.model == of_folder.model, "an archive of a folder gives the folder's images"
    run("index", chips, "--archive", tmp_path / "second", "--model", tmp_path / "mine.zip")
    assert "tiny-trained 1.0" in run("info", tmp_path / "second").out


def test_quiet_says_nothing(run, recipe, chips, tmp_path) -> None:
    done = run("train", recipe, "--data", chips, "--out", tmp_path / "mine", "--quiet")
    assert (done.out, done.err) == ("", "")


def trained(run, *arguments: object) -> bytes:
    """The graph of a model that was trained."""
    run("train", *arguments, "--quiet")
    return open_bundle(Path(str(arguments[arguments.index("--out") + 1]))).model


def test_a_seed_and_changes_decide_the_weights(run, recipe, chips, tmp_path) -> None:
    start = (recipe, "--data", chips, "--cache", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    models = [
        trained(run, *start, "--out", tmp_path / str(number), *options)
        for number, options in enumerate(
            [(), ("--seed", 0), ("--seed", 1), ("--set", "backbone.width=4", "--set", "schedule.epochs=1")]
        )
    ]
    assert models[0] == models[1]
    assert len({*models}) == 3
    assert len(models[3]) < len(models[0])
    assert (tmp_path / "cache" / "pixels.npy").exists(), "several runs share what was decoded"
    assert not (tmp_path / "0.training" / "images").exists()


@pytest.mark.filterwarnings("ignore::terrakin.datasets.dataset.CountWarning")
def test_a_benchmark_is_trained_on(run, recipe, chips, tmp_path) -> None:
    # In the layout of UC Merced, whose folders are written in another way than its classes.
    for name, source in {"Agricultural": "fields", "Harbor": "harbours"}.items():
        shutil.copytree(chips / source, tmp_path / "ucm" / name)
    for options in ((), ("--dataset", "ucm")):
        run("train", recipe, "--data", tmp_path / "ucm", "--out", tmp_path / f"m{len(options)}", *options)
    cards = [open_bundle(tmp_path / name).card for name in ("m0", "m2")]
    assert ["| classes | Agricultural, Harbor |" in card for card in cards] == [True, False]
    assert "| classes | agricultural, harbor |" in cards[1]


def test_it_starts_from_weights(run, recipe, chips, tmp_path) -> None:
    import torch

    from terrakin.nn.backbones.known import BACKBONES

    torch.manual_seed(7)
    torch.save(BACKBONES["tiny"]().state_dict(), tmp_path / "weights.pt")
    start = (recipe, "--data", chips, "--set", "backbone.freeze=['stem', 'last']", "--cache", tmp_path / "cache")
    fresh = trained(run, *start, "--out", tmp_path / "a")
    given = trained(
        run, *start, "--set", "backbone.pretrained=true", "--out", tmp_path / "b", "--init", tmp_path / "weights.pt"
    )
    assert given != fresh
    assert "| backbone | tiny from published weights |" in open_bundle(tmp_path / "b").card


def test_it_computes_where_it_is_told(run, recipe, chips, tmp_path, fails, monkeypatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    start = (recipe, "--data", chips, "--cache", tmp_path / "cache")
    auto, cpu = (trained(run, *start, "--out", tmp_path / name, "--device", name) for name in ("auto", "cpu"))
    assert auto == cpu
    words = "there is no GPU that torch can use here; take --device cpu"
    fails(FAILED, words, *start, "--out", tmp_path / "c", "--device", "cuda")


@pytest.fixture
def long(recipe: Path, tmp_path: Path) -> Path:
    path = tmp_path / "long.toml"
    path.write_text(recipe.read_text().replace("epochs = 3", "epochs = 60\naverage = 0.9"))
    return path


def test_the_same_command_with_resume_goes_on(run, long, chips, plugin, fails, tmp_path) -> None:
    out = tmp_path / "mine"
    arguments = [long, "--data", chips, "--out", out]
    process = subprocess.Popen(
        # A process that a shell put in the background would ignore the signal.
        [sys.executable, "-c", "import terrakin.cli; terrakin.cli.main()", "train", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(plugin)},
    )
    log = tmp_path / "mine.training" / "log.jsonl"
    while not (log.is_file() and log.read_text().count("\n") > 5):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said, told = process.communicate()
    assert (process.returncode, said) == (INTERRUPTED, ""), told
    words = "interrupted; what was committed is kept, and the same command with --resume goes on from there"
    assert told == f"terrakin: {words}\n"
    assert not out.exists()
    assert (tmp_path / "mine.training" / "checkpoint.npz").is_file()
    done = len(log.read_text().splitlines())
    assert 5 < done < 180

    fails(FAILED, r"a run was begun in '.*mine\.training'; go on with it by --resume, or move it away", *arguments)
    fails(FAILED, "the checkpoint .* is of another run: seed differs", *arguments, "--resume", "--seed", 3)
    assert trained(run, *arguments, "--resume") == trained(run, long, "--data", chips, "--out", tmp_path / "whole")
    whole = tmp_path / "whole.training" / "log.jsonl"
    assert log.read_text() == whole.read_text()
    fails(FAILED, r"there is something at '.*mine' already; choose another --out", *arguments, "--resume")


def test_packing_names_what_must_be_installed_there(run, recipe, chips, tmp_path) -> None:
    pack = ("train", recipe, "--data", chips, "--out", tmp_path / "mine", "--cache", tmp_path / "cache", "--pack")
    assert "pip install" not in run(*pack, tmp_path / "a.pack").err
    said = run(*pack, tmp_path / "b.pack", "--set", "loss=[{name='triplet'}]").err
    assert "there, besides torch and numpy: pip install pytorch-metric-learning\nthere: python -m terrakin.training" in said


class TestRefusals:
    def test_of_recipes(self, fails, recipe, chips, tmp_path) -> None:
        more = ("--data", chips, "--out", tmp_path / "mine")
        fails(
            WRONG, r"no recipes named 'mobilenetv2\.sofmax'; did you mean 'mobilenetv2\.softmax'", "mobilenetv2.sofmax", *more
        )
        fails(WRONG, r"cannot read the recipe .*nope\.toml: .*No such file", tmp_path / "nope.toml", *more)
        words = r"tiny\.toml \[schedule\] cosine has no option 'epoch'; did you mean 'epochs'"
        fails(WRONG, words, recipe, *more, "--set", "schedule.epoch=3")
        fails(WRONG, "a change is table.key=value, such as schedule.epochs=5, got 'epochs'", recipe, *more, "--set", "epochs")
        fails(
            WRONG,
            "no class 'harbors' to leave out; did you mean 'harbours'",
            recipe,
            *more,
            "--set",
            "data.left_out=['harbors']",
        )
        fails(WRONG, r"the embedding has 8 dimensions", recipe, *more, "--set", "export.reducer=pca:64")
        assert not (tmp_path / "mine").exists()

    def test_of_weights(self, fails, recipe, chips, tmp_path) -> None:
        more = ("--data", chips, "--out", tmp_path / "mine")
        words = "recipe mobilenetv2.softmax starts from published weights of mobilenetv2; give their file with --init, or start"
        fails(FAILED, words, "mobilenetv2.softmax", *more)
        fails(FAILED, "there is no file of weights at '.*nope.pth'", recipe, *more, "--init", tmp_path / "nope.pth")
        (tmp_path / "text.pth").write_text("not weights")
        fails(FAILED, r"'.*text\.pth'", recipe, *more, "--init", tmp_path / "text.pth")
        import torch

        torch.save({"conv1.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "other.pth")
        fails(
            FAILED, r"these weights are of no backbone that is known \(tiny\)", recipe, *more, "--init", tmp_path / "other.pth"
        )

    def test_of_data(self, fails, recipe, chips, tmp_path) -> None:
        more = ("--out", tmp_path / "mine")
        fails(FAILED, "nope", recipe, "--data", tmp_path / "nope", *more)
        shutil.copytree(chips / "harbours", tmp_path / "one" / "harbours")
        words = r"training needs at least 2 images of each of 2 classes, but .*one gives 5 \(harbours: 5\)"
        fails(FAILED, words, recipe, "--data", tmp_path / "one", *more)
        (tmp_path / "flat").mkdir()
        for picture in (chips / "harbours").iterdir():
            shutil.copy(picture, tmp_path / "flat")
        fails(FAILED, "training needs at least 2 images of each of 2 classes", recipe, "--data", tmp_path / "flat", *more)
        fails(WRONG, "'ucmm'; did you mean 'ucm'", recipe, "--data", chips, "--dataset", "ucmm", *more)

    def test_of_an_archive_without_labels(self, fails, run, recipe, scenes, tiny_bundle, tmp_path) -> None:
        run("index", scenes, "--archive", tmp_path / "bare", "--model", tiny_bundle, "--labels", "none")
        fails(FAILED, "training needs at least 2 images", recipe, "--data", tmp_path / "bare", "--out", tmp_path / "mine")

    def test_of_a_machine_without_torch(self, fails, recipe, chips, tmp_path, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "torch", None)
        words = r"torch is not installed; run: pip install 'terrakin\[train\]'"
        fails(FAILED, words, recipe, "--data", chips, "--out", tmp_path / "mine")
        assert not list(tmp_path.glob("mine.training"))

    def test_of_commands_that_are_written_wrongly(self, fails, recipe, chips, tmp_path) -> None:
        more = ("--data", chips, "--out", tmp_path / "mine")
        fails(WRONG, "Missing option '--data'", recipe, "--out", tmp_path / "mine")
        fails(WRONG, "Missing option '--out'", recipe, "--data", chips)
        fails(
            WRONG, "Invalid value for '--device': 'gpu' is not one of 'auto', 'cpu', 'cuda'", recipe, *more, "--device", "gpu"
        )
        fails(WRONG, "Invalid value for '--seed'", recipe, *more, "--seed", "-1")


def test_a_pool_is_for_self_training(fails, recipe, chips, tmp_path) -> None:
    more = ("--data", chips, "--out", tmp_path / "mine")
    pool = ("--pool", chips)
    fails(WRONG, r"recipe tiny has no table \[self-training\], so it has no use for a pool", recipe, *more, *pool)
    words = r"recipe tiny has a table \[self-training\]: .* Give the pool with --pool"
    fails(WRONG, words, recipe, *more, "--set", "self-training.iterations=1")
    fails(WRONG, "it says what --pool is, and there is none", recipe, *more, "--pool-dataset", "ucm")
    fails(WRONG, "--device and --pool do not go with it", recipe, *more, *pool, "--pack", tmp_path / "x.pack")
    fails(WRONG, "--device and --pool do not go with it", recipe, *more, *pool, "--result", tmp_path / "x.result")
