"""`terrakin evaluate`: measured quality, of an archive and of a benchmark."""

import csv
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from terrakin import Archive
from terrakin.datasets.ucm import UCM


@pytest.fixture(scope="module")
def ucm(pictures, tmp_path_factory) -> Path:
    """The layout of UC Merced with four classes of three pictures."""
    root = tmp_path_factory.mktemp("benchmark") / "UCMerced_LandUse"
    for name, source in zip(UCM.classes, sorted(pictures.iterdir()), strict=False):
        folder = root / "Images" / name
        folder.mkdir(parents=True)
        for number, picture in enumerate(sorted(source.iterdir())[:3]):
            shutil.copy(picture, folder / f"{name}{number:02}.png")
    return root


@pytest.fixture(scope="module")
def label_sets(pictures, tiny_bundle, tmp_path_factory) -> Path:
    """An archive whose chips have one to three labels, from a table."""
    folder = Path(shutil.copytree(pictures, tmp_path_factory.mktemp("sets") / "pictures"))
    with (folder / "chips.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "labels"])
        for number, picture in enumerate(sorted(folder.rglob("*.png"))):
            more = ["", ";coast", ";coast;road"][number % 3]
            rows.writerow([picture.relative_to(folder).as_posix(), picture.parent.name + more])
    archive = Archive.create(folder.parent / "archive", model=tiny_bundle)
    archive.add(folder / "chips.csv")
    return archive.path


def report(run, *arguments, path: Path) -> dict:
    run("evaluate", *arguments, "--json", path, "--quiet")
    return json.loads(path.read_text())


def test_an_archive_is_measured_with_its_protocol(run, picture_archive) -> None:
    done = run("evaluate", picture_archive)
    lines = done.out.splitlines()
    assert lines[0].split() == ["measure", "value", "interval", "interval", "over", "classes", "ceiling"]
    names = [line.split()[0] for line in lines[1:] if line]
    for name in ("mAP", "P@10", "ANMRR", "Recall@10", "R-precision"):
        assert name in names
    for name in ("field", "forest", "harbor", "water"):
        assert name in names
    assert "protocol loo · 48 queries" in done.out
    assert "95 % query bootstrap, 2000 draws, seed 0 · cosine, 48 dimensions" in done.out
    assert done.err == ""


def test_every_file_is_written(run, picture_archive, tmp_path) -> None:
    done = run(
        "evaluate",
        picture_archive,
        "--json",
        tmp_path / "r.json",
        "--markdown",
        tmp_path / "r.md",
        "--charts",
        tmp_path / "charts",
    )
    assert [line.rpartition("/")[2] for line in done.err.splitlines()] == [
        "r.json",
        "r.md",
        "classes.png",
        "precision.png",
        "worst.html",
    ]
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["queries"] == {"evaluated": 48, "without_relevant": 0}
    assert found["protocol"]["name"] == "loo"
    assert found["space"] == {"kind": "cosine", "size": 48, "codes": 1}
    value, (low, high) = found["measures"]["map"]["value"], found["measures"]["map"]["ci95"]
    assert 0 < low <= value <= high <= 1
    assert set(found["per_class"]) == {"field", "forest", "harbor", "water"}
    assert f"| mAP | {value:.3f} |" in (tmp_path / "r.md").read_text()
    assert f"{value:.3f}" in done.out
    for name in ("classes.png", "precision.png"):
        with Image.open(tmp_path / "charts" / name) as chart:
            assert min(chart.size) > 200
            chart.verify()


def test_the_page_of_worst_queries_shows_their_pictures(run, picture_archive, tmp_path) -> None:
    found = report(run, picture_archive, "--charts", tmp_path / "charts", path=tmp_path / "r.json")
    page = Reader()
    page.feed((tmp_path / "charts" / "worst.html").read_text())
    assert page.headings == [query["id"] for query in found["worst"]]
    wanted = sum(1 + len(query["hits"]) for query in found["worst"])
    assert len(page.pictures) == wanted
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.pictures)


def test_label_sets_are_measured_too(run, label_sets, tmp_path) -> None:
    found = report(run, label_sets, "--charts", tmp_path / "charts", path=tmp_path / "r.json")
    assert found["protocol"]["relevance"] == "share-any"
    assert set(found["per_class"]) == {"field", "forest", "harbor", "water", "coast", "road"}
    assert {file.name for file in (tmp_path / "charts").iterdir()} >= {"precision.png", "worst.html"}
    same = report(run, label_sets, "--relevance", "same-labels", path=tmp_path / "s.json")
    assert same["protocol"]["relevance"] == "same-labels"
    assert same["measures"]["map"]["value"] != found["measures"]["map"]["value"]
    assert "label-recall@20" in report(run, label_sets, "--protocol", "multicode", path=tmp_path / "m.json")["measures"]


def test_two_archives_are_compared_query_by_query(run, picture_archive, pictures, tiny_bundle, tmp_path) -> None:
    other = Archive.create(tmp_path / "reduced", model=tiny_bundle, reducer="pca:2")
    other.add(pictures)
    asked = ("evaluate", picture_archive, "--measures", "map", "--json", tmp_path / "r.json", "--quiet")
    table = run(*asked, "--against", other.path).out.partition(f"\nagainst {other.path}\n")[2]
    assert table.split()[:6] == ["measure", "this", "other", "difference", "interval", "mAP"]
    found = json.loads((tmp_path / "r.json").read_text())
    ours, theirs = found["measures"]["map"]["value"], other.evaluate(measures=["map"], draws=2).measures["map"].value
    told = found["against"]["map"]
    assert (told["value"], told["difference"]) == pytest.approx((theirs, ours - theirs))
    assert told["ci95"][0] <= told["difference"] <= told["ci95"][1]
    comparison = other.compare(Archive.open(picture_archive), measures=["map"])
    assert comparison.differences["map"].value == pytest.approx(theirs - ours)
    assert comparison.queries == 48
    run(*asked)
    assert "against" not in json.loads((tmp_path / "r.json").read_text())


@pytest.mark.filterwarnings("ignore::terrakin.datasets.dataset.CountWarning")
def test_a_benchmark_is_measured_without_an_archive(run, ucm, tiny_bundle, tmp_path) -> None:
    done = run("evaluate", "--dataset", "ucm", "--root", ucm, "--model", tiny_bundle, "--json", tmp_path / "r.json")
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["queries"]["evaluated"] == 12
    assert list(found["per_class"]) == ["agricultural", "airplane", "baseballdiamond", "beach"]
    assert found["space"]["size"] == 48
    assert "protocol loo" in done.out


@pytest.mark.filterwarnings("default::terrakin.datasets.dataset.CountWarning")
def test_a_copy_of_another_size_is_told_in_one_line(run, ucm, tiny_bundle) -> None:
    done = run("evaluate", "--dataset", "ucm", "--root", ucm, "--model", tiny_bundle, "--quiet")
    (line,) = done.err.splitlines()
    assert line.startswith(f"terrakin: warning: {ucm / 'Images'} differs from the published UC Merced Land Use")
    assert "agricultural 3 instead of 100" in line


class Reader(HTMLParser):
    """The headings and pictures of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.pictures: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "h2"
        if tag == "img":
            self.pictures.append(dict(attrs)["src"] or "")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.headings.append(data)
            self._inside = False
