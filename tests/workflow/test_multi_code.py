"""An archive of code sets, as a person makes and asks it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from terrakin import Archive

CODES = "primitives=2,threshold=0.5,bits=16,regions=grid"


@pytest.fixture(scope="module")
def archive(pictures, tiny_bundle, tmp_path_factory):
    path = tmp_path_factory.mktemp("codes") / "a"
    Archive.create(path, model=tiny_bundle, multi_code=CODES).add(pictures)
    return path


def test_the_command_says_how_images_become_codes(run, pictures, tiny_bundle, tmp_path) -> None:
    index = ("index", pictures, "--archive", tmp_path / "a", "--model", tiny_bundle, "--multi-code", CODES)
    said = run(*index).err
    assert "48 added" in said
    assert "codes: code set, 2 x 16 bits, 5 bytes an image\n" in said
    shown = run("info", tmp_path / "a").out
    assert re.search(r"space +code set, 2 x 16 bits, 5 bytes an image\n", shown)
    assert re.search(r"codes +in the place of vectors\n", shown)
    facts = Archive.open(tmp_path / "a").info()
    assert facts["space"] == {"kind": "codeset", "size": 16, "codes": 2}
    assert facts["options"]["multi_code"] == f"{CODES},missing=half,hash=kulsh"
    assert facts["model"].endswith("multi-code:2x16")
    assert "48 unchanged" in run(*index).err
    assert not (tmp_path / "a" / "regions").exists()


def test_progress_counts_what_is_fitted_on_and_then_the_chips(pictures, tiny_bundle, tmp_path) -> None:
    told = []
    held = Archive.create(tmp_path / "a", model=tiny_bundle, multi_code=CODES)
    held.add(pictures, progress=lambda done, total, note="": told.append((done, total, note)))
    assert told[:48] == [(done, 48, "sampled to fit on") for done in range(1, 49)]
    assert told[-1][0] == 48
    assert not told[-1][2]


def test_a_chip_finds_its_own_kind(archive) -> None:
    hits = Archive.open(archive).search("field/field00.png", k=5)
    assert len(hits) == 5
    assert all(hit.id != "field/field00.png" for hit in hits)


def test_an_image_is_coded_as_its_chip_was(archive, pictures) -> None:
    (hit,) = Archive.open(archive).search(pictures / "water" / "water03.png", k=1)
    assert hit.distance == 0


def test_label_recall_is_measured(archive) -> None:
    report = Archive.open(archive).evaluate(measures=["p@5"])
    assert 0 < report.measures["p@5"].value <= 1


def test_codes_of_regions_are_fitted_once(archive, pictures, tmp_path) -> None:
    held = Archive.open(archive)
    before = (archive / "bundle-coded" / "multicode.npz").read_bytes()
    Image.fromarray(np.zeros((24, 24, 3), np.uint8)).save(tmp_path / "one.png")
    assert held.add(tmp_path / "one.png").added == 1
    assert (archive / "bundle-coded" / "multicode.npz").read_bytes() == before


def test_a_query_of_no_kind_lowers_the_threshold_and_says_so(archive, pictures) -> None:
    held = Archive.open(archive)
    held.bundle.multi_code = replace(held.bundle.multi_code, threshold=1.5)
    hits = held.search(pictures / "field" / "field00.png", k=3)
    assert len(hits) == 3
    assert re.search(r"\(no region reached the threshold of the codes; lowered to [01]\.\d\d\)", hits.ranking.query)


def test_several_examples_are_refused(archive) -> None:
    from terrakin import TerrakinError

    with pytest.raises(TerrakinError, match="code sets cannot be combined"):
        Archive.open(archive).search("field/field00.png", "water/water00.png")


def test_duplicates_are_told_in_bits(run, archive) -> None:
    lines = run("duplicates", archive, "--distance", 2).out.splitlines()
    assert lines
    assert all(line.split("  ")[0] in ("0", "1", "2") for line in lines)


def test_further_codes_are_refused(run, archive, pictures) -> None:
    for sources in ([pictures], []):
        done = run("index", *sources, "--archive", archive, "--hash", "itq", status=2)
        assert "the model gives codes already; leave --hash out. See" in re.sub(r"\s+", " ", done.err)
    for verb in (("search", archive, "field/field00.png"), ("evaluate", archive)):
        assert "is always searched by them; leave codes and shortlist out" in run(*verb, "--codes", status=1).err


def test_codes_can_learn_from_the_labels_of_the_chips(run, pictures, tiny_bundle, tmp_path) -> None:
    words = CODES.replace("threshold=0.5", "threshold=0") + ",hash=kslsh"
    index = ("--archive", tmp_path / "a", "--model", tiny_bundle, "--multi-code", words)
    untold = run("index", pictures, *index, "--labels", "none", status=1).err
    assert "kslsh learns from two different labels at least; these 48 vectors are without a label" in untold
    assert "48 added" in run("index", pictures, *index, "--labels", "folder").err
    held = Archive.open(tmp_path / "a")
    assert [hasher.kind for hasher in held.bundle.multi_code.hashers] == ["kslsh", "kslsh"]
    (hit,) = held.search(pictures / "water" / "water03.png", k=1)
    assert hit.distance == 0
    found = [hit.labels for hit in held.search("water/water03.png", k=5)]
    assert found == [("water",)] * 5
    warned = held.evaluate(measures=["p@5"], draws=1).warnings
    assert "kslsh learned from the labels of these chips; measure it on others" in warned


def test_codes_without_labels_are_measured_without_a_warning(archive) -> None:
    assert "learned" not in " ".join(Archive.open(archive).evaluate(measures=["p@5"], draws=1).warnings)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("bit=32", "'bit=32' is no setting of multi-code hashing; did you mean 'bits'?"),
        ("bits", "'bits' is no setting of multi-code hashing; write default, or NAME=VALUE"),
        ("bits=12", "multiple of 8"),
        ("primitives=many", "primitives of multi-code hashing is 'many', which is no number"),
        ("regions=grit", "did you mean 'grid'? There are: felzenszwalb, grid, kernel-graph-cut, slic-rag. See"),
        ("regions=zzz", "no way to cut images is named 'zzz'. There are: felzenszwalb"),
        ("hash=kuslh", "did you mean 'kulsh'? There are: dhn, itq"),
        ("missing=none", "one of half, full, zero-code"),
        ("threshold=2", "from 0 to 1"),
        ("primitives=0", "1 to 64"),
    ],
)
def test_wrong_settings_are_told(run, pictures, tmp_path, words, told) -> None:
    done = run("index", pictures, "--archive", tmp_path / "a", "--multi-code", words, status=2)
    assert told in re.sub(r"[\s│]+", " ", done.err)


def test_codes_and_a_reducer_exclude_each_other(run, pictures, tmp_path) -> None:
    done = run("index", pictures, "--archive", tmp_path / "a", "--multi-code", "default", "--reducer", "pca:8", status=2)
    assert "leave one of them out" in re.sub(r"[\s│]+", " ", done.err)


def test_too_few_images_are_told_and_the_archive_can_be_filled_later(run, pictures, tiny_bundle, tmp_path) -> None:
    index = ("--archive", tmp_path / "a", "--model", tiny_bundle, "--multi-code", CODES)
    done = run("index", pictures / "field", *index, status=1)
    assert "at least 20 images must show it, and there are 12 images" in done.err
    assert "48 added" in run("index", pictures, *index).err
