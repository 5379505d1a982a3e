"""The runtime install alone: no torch, no extra, the whole path. Run by `make test-core` in an environment of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import terrakin

OPTIONAL = ("torch", "pandas", "geopandas", "sklearn", "skimage", "onnx", "hypothesis")
PRESENT = [name for name in OPTIONAL if importlib.util.find_spec(name)]
ASKED = os.environ.get("TERRAKIN_CORE") == "1"
"""Set by `make test-core`, where a test that is skipped would prove nothing."""

pytestmark = pytest.mark.skipif(bool(PRESENT) and not ASKED, reason="extras are installed here; `make test-core` has none")


def test_no_extra_is_installed() -> None:
    assert PRESENT == []


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "terrakin", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    run("demo", str(folder), "--quiet")
    return folder


def test_the_demo_draws_its_sheet(demo: Path) -> None:
    assert (demo / "sheet.png").stat().st_size > 10_000


def test_a_search_answers(demo: Path) -> None:
    archive = terrakin.Archive.open(demo / "archive")
    example = next(archive.store.scan(["id"])).column("id")[0].as_py()
    answer = json.loads(run("search", str(demo / "archive"), example, "-k", "3", "--format", "json"))
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]


def test_every_export_but_tables_works(demo: Path, tmp_path: Path) -> None:
    for kind, name in (("geojson", "chips.geojson"), ("geoparquet", "chips.parquet"), ("stac", "stac"), ("trec", "trec")):
        run("export", str(demo / "archive"), "--format", kind, "--out", str(tmp_path / name), "--quiet")
        assert (tmp_path / name).exists()


def test_quality_is_measured(demo: Path) -> None:
    assert "mAP" in run("evaluate", str(demo / "archive"), "--quiet")


def test_a_missing_extra_is_told_with_the_command(demo: Path) -> None:
    archive = terrakin.Archive.open(demo / "archive")
    example = next(archive.store.scan(["id"])).column("id")[0].as_py()
    with pytest.raises(terrakin.TerrakinError, match=r"pip install 'terrakin\[geo\]'"):
        archive.search(example).to_geopandas()


def test_the_doctor_finds_everything_in_order(demo: Path) -> None:
    assert "MEND" not in run("doctor", str(demo / "archive"))
