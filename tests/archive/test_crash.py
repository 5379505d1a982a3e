"""Kill -9 at random moments of indexing: nothing is lost, nothing is there twice."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from terrakin import Archive

_RUN = """
import sys
import terrakin.archive.run as run
from terrakin import Archive
import lance
# Small commits, so that most moments lie between two of them.
run._COMMIT_CHIPS, run._PIECE, run._COMMIT_SECONDS = 6, 3, 0.01
archive = Archive.open(sys.argv[1])
print("go", flush=True)
archive.add(sys.argv[2], workers=2)
print("done", flush=True)
"""

KILLS = 50


def rows(path: Path) -> dict[str, dict]:
    store = Archive.open(path).store
    return {row["id"]: row for batch in store.scan(store.columns().names) for row in batch.to_pylist()}


def start(archive: Path, source: Path) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", _RUN, archive, source], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    return process


def finish(process: subprocess.Popen) -> bool:
    """Wait; True where the run reached its end."""
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    process.wait()
    return said == "done\n"


@pytest.fixture(scope="module")
def imagery(pictures: Path, tmp_path_factory: pytest.TempPathFactory, write_scene: Callable[..., Path]) -> Path:
    """Pictures of one chip and scenes of sixteen, so that kills fall between scenes and inside them."""
    folder = tmp_path_factory.mktemp("imagery")
    shutil.copytree(pictures / "water", folder / "water")
    for number in range(3):
        write_scene(folder / f"scene{number}.tif", side=1024, seed=number)
    return folder


@pytest.mark.parametrize("seed", range(5))
def test_fifty_kills(tiny_bundle: Path, imagery: Path, tmp_path: Path, seed: int) -> None:
    whole = tmp_path / "whole"
    Archive.create(whole, model=tiny_bundle)
    process = start(whole, imagery)
    started = time.monotonic()
    assert finish(process)
    length = time.monotonic() - started
    wanted = rows(whole)

    rng = random.Random(seed)
    killed = Archive.create(tmp_path / "killed", model=tiny_bundle).path
    kills = 0
    while kills < KILLS // 5:
        process = start(killed, imagery)
        time.sleep(rng.uniform(0, length * 0.8))
        process.send_signal(signal.SIGKILL)
        # A run that was done before the kill does not count; a fresh archive follows it.
        done = finish(process)
        kills += not done
        held = rows(killed)
        store = Archive.open(killed).store
        assert store.count() == len(held), "an id is there twice"
        assert held.items() <= wanted.items()
        if done:
            killed = Archive.create(tmp_path / f"killed{kills}-{process.pid}", model=tiny_bundle).path
    assert finish(start(killed, imagery))
    assert rows(killed) == wanted
    assert Archive.open(killed).ledger.entries() == Archive.open(whole).ledger.entries()
