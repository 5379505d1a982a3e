"""A run on another machine, as a person does it: packed, carried, computed, carried back, used."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from terrakin.api.train import pack, train
from terrakin.bundles.bundle import open_bundle
from terrakin.nn.backbones.known import BACKBONES

FAILED, WRONG, INTERRUPTED = 1, 2, 130

RECIPE = """
name = "tiny"
words = "Two convolutions, for tests."
data = {size = 16, stored = 24, validation = 0.2}
sampler = {name = "shuffled", batch = 8}
backbone = {name = "tiny"}
head = {name = "projection", parts = [8]}
loss = [{name = "normalised-softmax"}]
optimizer = {name = "sgd", learning_rate = 0.05}
schedule = {name = "constant", epochs = 2, precision = "float32"}
export = {name = "mine", size = 16}
"""


@pytest.fixture
def recipe(tiny_backbone: None, tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def command(recipe: Path, pictures: Path, tmp_path: Path) -> tuple[str | Path, ...]:
    return ("train", recipe, "--data", pictures, "--out", tmp_path / "mine")


@pytest.fixture
def there(plugin: Path) -> Callable[..., str]:
    """Run `python -m terrakin.training` in a process of its own; gives what it says."""

    def call(*arguments: str | Path, status: int = 0) -> str:
        environment = {**os.environ, "PYTHONPATH": str(plugin), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "terrakin.training", *map(str, arguments)], capture_output=True, text=True, env=environment
        )
        assert done.returncode == status, done.stderr
        assert done.stdout == ""
        return done.stderr

    return call


def test_a_run_is_packed_computed_elsewhere_and_finished_here(run, command, there, pictures, tmp_path) -> None:
    said = run(*command, "--seed", 4, "--pack", tmp_path / "run.pack").err
    size = (tmp_path / "run.pack").stat().st_size
    assert f"wrote {tmp_path / 'run.pack'}: {size:,} bytes, images at quality 70 of 100\n" in said
    assert "there: python -m terrakin.training run.pack --result RESULT\n" in said
    assert "in place of --pack\n" in said
    assert not (tmp_path / "mine").exists()

    told = there(tmp_path / "run.pack", "--result", tmp_path / "run.result", "--device", "cpu", "--work", tmp_path / "work")
    assert re.search(r"^step 1 of \d+, loss \d\.\d{3}$", told, re.MULTILINE)
    assert told.splitlines()[-1].startswith(f"wrote {tmp_path / 'run.result'}: ")
    assert (tmp_path / "work" / "log.jsonl").is_file()

    run(*command, "--seed", 4, "--result", tmp_path / "run.result")
    bundle = open_bundle(tmp_path / "mine")
    assert (bundle.passport.name, bundle.passport.space.size) == ("mine", 8)
    assert (tmp_path / "mine.training" / "log.jsonl").read_bytes() == (tmp_path / "work" / "log.jsonl").read_bytes()
    assert (tmp_path / "mine.training" / "curves.png").is_file()
    run("index", pictures, "--archive", tmp_path / "archive", "--model", tmp_path / "mine")


def test_weights_are_needed_once(run, command, there, tmp_path) -> None:
    torch.save(BACKBONES["tiny"]().state_dict(), tmp_path / "weights.pth")
    start = ("--set", "backbone.pretrained=true")
    said = run(*command, *start, "--init", tmp_path / "weights.pth", "--pack", tmp_path / "run.pack").err
    assert "in place of --pack and --init\n" in said
    there(tmp_path / "run.pack", "--result", tmp_path / "run.result")
    run(*command, *start, "--result", tmp_path / "run.result")
    assert "from published weights" in open_bundle(tmp_path / "mine").card


def test_what_does_not_go_together_is_refused(run, command, tmp_path) -> None:
    packing, result = ("--pack", tmp_path / "run.pack"), ("--result", tmp_path / "run.result")
    for more in (result, ("--resume",), ("--device", "cpu")):
        assert "a pack holds a run before its first step" in run(*command, *packing, *more, status=WRONG).err
    for more in (("--resume",), ("--device", "cpu"), ("--init", tmp_path / "w.pth")):
        assert "a result is of a run that is finished" in run(*command, *result, *more, status=WRONG).err
    assert "run.result' cannot be read" in run(*command, *result, status=FAILED).err
    assert not (tmp_path / "run.pack").exists()


def test_a_result_of_another_seed_says_so(run, command, there, tmp_path) -> None:
    run(*command, "--pack", tmp_path / "run.pack", "--quiet")
    there(tmp_path / "run.pack", "--result", tmp_path / "run.result")
    told = run(*command, "--seed", 1, "--result", tmp_path / "run.result", status=FAILED).err
    assert "is the result of another run; what differs: the seed (0 there, 1 here). Give what was packed" in told
    assert told.count("\n") == 1


def test_python_does_the_same(recipe, pictures, there, tmp_path) -> None:
    packed = pack(recipe, pictures, tmp_path / "mine", tmp_path / "run.pack", seed=2)
    assert (packed.half, packed.quality) == (False, 70)
    there(tmp_path / "run.pack", "--result", tmp_path / "run.result")
    bundle = train(recipe, pictures, tmp_path / "mine", seed=2, result=tmp_path / "run.result")
    assert bundle.passport == open_bundle(tmp_path / "mine").passport
    with pytest.raises(
        ValueError, match="a result is of a run that is finished; --resume, --init, --device and --pool do not go"
    ):
        train(recipe, pictures, tmp_path / "mine", resume=True, result=tmp_path / "run.result")
