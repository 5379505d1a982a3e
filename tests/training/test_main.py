"""`python -m terrakin.training`: a packed run where there is nothing but Python, torch and numpy."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from terrakin.training.__main__ import lines, main
from terrakin.training.carry import carry_away
from terrakin.training.checkpoint import read_checkpoint
from terrakin.training.loop import CHECKPOINT
from terrakin.training.recipe import Recipe

Make = Callable[..., Recipe]

_ALONE = '''
import importlib.metadata, re, sys
from importlib.machinery import PathFinder

def plain(name):
    return re.sub("[-_.]+", "-", name).lower()

def needs(name, found):
    # What torch and numpy themselves need is there where they are.
    if plain(name) not in found:
        found.add(plain(name))
        for line in importlib.metadata.requires(name) or ():
            if "extra ==" not in line:
                try:
                    needs(re.match("[A-Za-z0-9_.-]+", line)[0], found)
                except importlib.metadata.PackageNotFoundError:
                    pass
    return found

wanted = needs("numpy", needs("torch", set()))
owners = importlib.metadata.packages_distributions()
absent = {top for top, names in owners.items() if not set(map(plain, names)) & wanted} - {"terrakin", "tinynet"}

class Alone:
    """Finds what importing finds, but for packages that are not there."""

    find_distributions = PathFinder.find_distributions

    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in absent else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Alone
from terrakin.training.__main__ import main
status = main(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(owners)))
sys.exit(status)
'''


@pytest.fixture
def pack(recipe: Make, pictures: Path, tmp_path: Path) -> Callable[..., Path]:
    def make(*changes: str) -> Path:
        carry_away(recipe(*changes), pictures, tmp_path / "mine", tmp_path / "run.zip")
        return tmp_path / "run.zip"

    return make


@pytest.fixture
def alone(plugin: Path) -> Callable[..., list[str]]:
    """The command of a process that finds no package but torch, numpy and what these need; it prints what it imported."""
    return lambda *arguments: [sys.executable, "-c", _ALONE, *map(str, arguments)]


@pytest.fixture
def environment(plugin: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(plugin), "OMP_NUM_THREADS": "1"}


def test_torch_and_numpy_are_enough(pack, alone, environment, tmp_path: Path) -> None:
    command = alone(pack("schedule.average=0.9"), "--result", tmp_path / "result.zip", "--device", "cpu")
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert {"numpy", "torch"} <= imported
    assert not imported & {
        "PIL",
        "faiss",
        "lance",
        "matplotlib",
        "onnx",
        "onnxruntime",
        "pyarrow",
        "rasterio",
        "rich",
        "shapely",
        "typer",
    }
    told = done.stderr.splitlines()
    assert told[0] == "unpacked 48 images"
    assert told[1].startswith("step 1 of 18, loss ")
    assert told[-1] == f"wrote {tmp_path / 'result.zip'}: {(tmp_path / 'result.zip').stat().st_size:,} bytes"
    assert "mAP" in told[-2]
    assert (tmp_path / "run.zip.work" / CHECKPOINT).is_file()


def test_a_package_that_is_missing_is_named_before_anything_is_unpacked(pack, alone, environment, tmp_path: Path) -> None:
    file = pack("loss=[{name='triplet'}, {name='normalised-softmax'}, {name='contrastive'}]")
    done = subprocess.run(alone(file, "--result", tmp_path / "r.zip"), capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: the recipe tiny trains by triplet, contrastive, for which pytorch-metric-learning must be installed here; "
        "run: pip install pytorch-metric-learning\n"
    )
    assert not (tmp_path / "run.zip.work").exists()


def test_an_interrupted_run_goes_on_by_the_same_command(pack, alone, environment, tmp_path: Path) -> None:
    command = alone(pack("schedule.epochs=2000"), "--result", tmp_path / "r.zip", "--work", tmp_path / "there")
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment) as process:
        for line in process.stderr:
            if line.startswith("step"):
                time.sleep(0.05)
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130, rest
    assert rest.endswith(
        f"interrupted; what was done is kept in {tmp_path / 'there'}, and the same command goes on from there\n"
    )
    reached = read_checkpoint(tmp_path / "there" / CHECKPOINT).facts["step"]
    assert reached >= 1
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment) as process:
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert first.startswith(f"step {reached + 1:,} of 12,000, ")


def test_errors_are_one_line(pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.zip"), "--result", str(tmp_path / "r.zip")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: ")
    assert "none.zip' cannot be read" in told
    assert told.count("\n") == 1
    (tmp_path / "text.zip").write_text("nothing")
    assert main([str(tmp_path / "text.zip"), "--result", str(tmp_path / "r.zip")]) == 1
    assert "text.zip" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["run.zip"], ["run.zip", "--result", "r", "--device", "tpu"]])
def test_wrong_use_shows_how(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: python -m terrakin.training" in capsys.readouterr().err


def test_half_precision_is_said(pack, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setattr("terrakin.training.__main__.compute", _with_little_room)
    assert main([str(pack("head.parts=[512]")), "--result", str(tmp_path / "r.zip")]) == 0
    assert "weights rounded to half precision (float16) so that it fits" in capsys.readouterr().err


def _with_little_room(*given, **options):
    from terrakin.training.away import compute

    return compute(*given, **options, limit=80_000)


def test_lines_tell_rate_validation_and_time_left() -> None:
    now, stream = [100.0], io.StringIO()
    tell = lines(stream, clock=lambda: now[0])

    def step(done: int, seconds: float, **figures: float) -> str:
        before = len(stream.getvalue())
        now[0] += seconds
        tell(done, 1000, {"loss": 0.5, **figures})
        return stream.getvalue()[before:]

    assert step(101, 0) == "step 101 of 1,000, loss 0.500\n"
    assert step(102, 4) == ""
    assert step(106, 6) == "step 106 of 1,000, 0.5 steps/s, 29 min left, loss 0.500\n"
    assert step(120, 5) == ""
    assert step(121, 1, map=0.25) == "step 121 of 1,000, 1.2 steps/s, 11 min left, loss 0.500, mAP 0.250\n"
    assert step(122, 1, map=0.25) == ""
    assert step(123, 1, map=0.25, left_out_map=0.125).endswith("loss 0.500, mAP 0.250, left out 0.125\n")
    assert step(1000, 1, map=0.25, left_out_map=0.125).startswith("step 1,000 of 1,000, 47.3 steps/s, 0 s left")
