"""A benchmark that was indexed as one is read as one again."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from terrakin import Archive
from terrakin.api import archive as api
from terrakin.archive import fitting
from terrakin.datasets.generated.patches import make_patches
from terrakin.errors import DatasetError, HashingError, UnknownNameError

pytestmark = pytest.mark.filterwarnings("ignore:.*patches instead of:terrakin.datasets.dataset.CountWarning")


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("patches")
    make_patches(root, count=8, side=24)
    return root


@pytest.fixture(scope="module")
def filled(patches: Path, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archives") / "a"
    Archive.create(path, model=tiny_bundle).add(patches, dataset="bigearthnet-19")
    return path


@pytest.fixture
def archive(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "a"))


def labels(archive: Path) -> dict[str, tuple[str, ...]]:
    rows = Archive.open(archive).store.scan(["id", "labels"])
    return {row["id"]: tuple(row["labels"]) for batch in rows for row in batch.to_pylist()}


def test_a_later_run_reads_it_as_before_and_says_so(run: Callable, archive: Path, patches: Path) -> None:
    before = labels(archive)
    said = run("index", patches, "--archive", archive).err
    assert f"{patches} is read as bigearthnet-19, as before; --dataset none reads it plainly\n" in said
    assert "scenes: 8 unchanged\n" in said
    assert labels(archive) == before
    assert run("index", patches, "--archive", archive, "--quiet").err == ""


def test_a_path_is_the_same_however_it_is_written(
    run: Callable, archive: Path, patches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(patches)
    said = run("index", ".", "--archive", archive).err
    assert ". is read as bigearthnet-19, as before" in said
    assert "scenes: 8 unchanged\n" in said


def test_none_reads_it_plainly_from_then_on(run: Callable, archive: Path, patches: Path) -> None:
    before = labels(archive)
    assert "scenes: 8 replaced, 3 skipped\n" in run("index", patches, "--archive", archive, "--dataset", "none").err
    plain = labels(archive)
    assert plain != before
    assert Archive.open(archive).datasets == {}
    said = run("index", patches, "--archive", archive).err
    assert "as before" not in said
    assert "scenes: 8 unchanged, 3 skipped\n" in said
    assert labels(archive) == plain


def test_another_name_wins_and_is_remembered(run: Callable, archive: Path, patches: Path) -> None:
    before = labels(archive)
    assert "as before" not in run("index", patches, "--archive", archive, "--dataset", "bigearthnet").err
    assert labels(archive) != before
    assert "is read as bigearthnet, as before" in run("index", patches, "--archive", archive).err
    assert Archive.open(archive).datasets == {str(patches): "bigearthnet"}


def test_other_sources_are_read_plainly(run: Callable, archive: Path, patches: Path, pictures: Path) -> None:
    said = run("index", pictures, patches, "--archive", archive).err
    assert "scenes: 48 added, 8 unchanged\n" in said
    assert said.count("as before") == 1
    shown = run("info", archive).out
    assert f"{patches}, read as bigearthnet-19\n" in shown
    assert f"{pictures}\n" in shown


@pytest.mark.parametrize(("wrong", "error"), [("ucm", DatasetError), ("bigearthnet-20", UnknownNameError)])
def test_a_wrong_name_is_not_remembered(archive: Path, patches: Path, wrong: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Archive.open(archive).add(patches, dataset=wrong)
    assert Archive.open(archive).datasets == {str(patches): "bigearthnet-19"}


def test_it_is_remembered_before_there_is_a_chip(patches: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    told = []
    held = Archive.create(tmp_path / "a", model=tiny_bundle)
    held.add(
        patches, dataset="bigearthnet-19", progress=lambda done, total, note="": told.append(Archive.open(held.path).datasets)
    )
    assert told
    assert told[0] == {str(patches): "bigearthnet-19"}


def _slow(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    """Let a function take a thousand seconds more by the clock."""
    late = [0.0]
    clock, real = time.monotonic, getattr(module, name)

    def slow(*arguments: object, **named: object) -> object:
        late[0] += 1000
        return real(*arguments, **named)

    monkeypatch.setattr(module, name, slow)
    monkeypatch.setattr(time, "monotonic", lambda: clock() + late[0])


@pytest.mark.parametrize(
    ("options", "module", "name"),
    [
        ({"reducer": "pca:4"}, fitting, "fit_reducer"),
        ({"multi_code": "primitives=2,bits=16,regions=grid"}, fitting, "fit_codes"),
        ({"hash": "itq", "bits": 8}, api, "renew_codes"),
    ],
)
def test_the_time_of_a_run_has_that_of_fitting_in_it(
    pictures: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict, module: object, name: str
) -> None:
    held = Archive.create(tmp_path / "a", model=tiny_bundle, **options)
    _slow(monkeypatch, module, name)
    assert 1000 < held.add(pictures).seconds < 2000


def test_a_report_is_there_where_codes_cannot_be_fitted(pictures: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    held = Archive.create(tmp_path / "a", model=tiny_bundle, hash="kslsh", labels="none")
    with pytest.raises(HashingError, match="kslsh learns from"):
        held.add(pictures)
    assert '"added": 48' in (held.path / "index-report.json").read_text()
