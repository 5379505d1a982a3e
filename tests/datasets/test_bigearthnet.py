"""BigEarthNet patches, lists and splits."""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from terrakin.datasets.bigearthnet import BANDS, BIGEARTHNET, BIGEARTHNET_19
from terrakin.datasets.dataset import CountWarning
from terrakin.errors import DatasetError

Tree = Callable[[Mapping[str, str]], Path]

ONE, TWO, THREE = (
    f"S2{unit}_MSIL2A_20170613T{time}_{place}"
    for unit, time, place in (("A", "101031", "0_45"), ("A", "94033", "19_86"), ("B", "101031", "87_8"))
)

pytestmark = pytest.mark.filterwarnings("ignore:.*patches instead of:terrakin.datasets.dataset.CountWarning")


def patch(name: str, *labels: str) -> dict[str, str]:
    content = {"labels": labels, "acquisition_date": "2017-06-13 10:10:31", "tile_source": "S2A_T33UUP.SAFE"}
    files = {f"BigEarthNet-v1.0/{name}/{name}_{band}.tif": "" for band in BANDS}
    return {**files, f"BigEarthNet-v1.0/{name}/{name}_labels_metadata.json": json.dumps(content)}


ALL = {**patch(ONE, "Sea and ocean", "Beaches, dunes, sands"), **patch(TWO, "Airports"), **patch(THREE, "Peatbogs", "Salines")}


def test_a_patch_is_a_folder_with_sorted_labels(tree: Tree) -> None:
    root = tree(ALL)
    first, second, third = BIGEARTHNET.samples(root)
    assert (first.id, first.labels) == (ONE, ("Beaches, dunes, sands", "Sea and ocean"))
    assert first.path == str((root / "BigEarthNet-v1.0" / ONE).resolve())
    assert first.properties == {"acquired": "2017-06-13 10:10:31", "tile": "S2A_T33UUP.SAFE"}
    assert (second.id, third.id) == (TWO, THREE)


def test_the_19_labels_leave_out_patches_that_keep_none(tree: Tree, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        samples = BIGEARTHNET_19.samples(tree(ALL))
    assert [(sample.id, sample.labels) for sample in samples] == [
        (ONE, ("Beaches, dunes, sands", "Marine waters")),
        (THREE, ("Coastal wetlands", "Inland wetlands")),
    ]
    assert "of 3 patches 0 are in the lists of snow and cloud, and 1 have none of the 19 labels" in caplog.text


def test_lists_of_snow_and_cloud_and_splits_are_followed(tree: Tree) -> None:
    lists = {
        "patches_with_seasonal_snow.csv": f"{TWO}\n",
        "patches_with_cloud_and_shadow.csv": f"{THREE}\n",
        "train.csv": f"{ONE},S1A_x\n",
    }
    assert [(sample.id, sample.split) for sample in BIGEARTHNET.samples(tree(ALL | lists))] == [(ONE, "train")]


@pytest.mark.parametrize("prefix", ["", "bigearthnet-"])
def test_splits_have_two_columns_and_no_header(tree: Tree, prefix: str) -> None:
    lists = {f"{prefix}{name}.csv": f"{patch},S1A_x\n" for name, patch in (("train", ONE), ("val", TWO), ("test", THREE))}
    assert [sample.split for sample in BIGEARTHNET.samples(tree(ALL | lists))] == ["train", "val", "test"]


def test_a_list_of_other_names_is_refused(tree: Tree) -> None:
    with pytest.raises(DatasetError, match=r"row 2 of .*val.csv begins with 'patch', which is no patch name"):
        BIGEARTHNET.samples(tree({**ALL, "val.csv": f"{ONE},x\npatch,y\n"}))


def test_the_number_of_patches_is_compared(tree: Tree) -> None:
    with pytest.warns(CountWarning, match="holds 3 patches instead of the 590326 of the published BigEarthNet"):
        BIGEARTHNET.samples(tree(ALL))


def test_a_missing_band_is_named(tree: Tree) -> None:
    root = tree(ALL)
    (root / "BigEarthNet-v1.0" / ONE / f"{ONE}_B8A.tif").unlink()
    with pytest.raises(DatasetError, match=rf"the patch .*{ONE} lacks {ONE}_B8A.tif; unpack the archive again"):
        BIGEARTHNET.samples(root)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not the labels file of a patch"),
        ("[]", "is not the labels file of a patch"),
        ("{}", "lacks a key or has a label that is none of the 43: 'labels'"),
        ('{"labels": ["Glaciers"], "acquisition_date": "", "tile_source": ""}', "none of the 43: 'Glaciers'"),
    ],
)
def test_broken_labels_are_refused(tree: Tree, content: str, words: str) -> None:
    root = tree({**ALL, f"BigEarthNet-v1.0/{ONE}/{ONE}_labels_metadata.json": content})
    with pytest.raises(DatasetError, match=words):
        BIGEARTHNET.samples(root)


def test_patches_in_two_folders_are_an_error(tree: Tree) -> None:
    with pytest.raises(DatasetError, match="holds patches in 2 places"):
        BIGEARTHNET.samples(tree({**ALL, f"other/{ONE}/x.tif": ""}))


def test_bands_go_by_wavelength() -> None:
    assert BANDS.index("B8A") == BANDS.index("B08") + 1
    assert len(BANDS) == 12
    assert "B10" not in BANDS


@pytest.mark.shared
@pytest.mark.parametrize("inside", ["scenes/bigearthnet", "scenes"])
def test_reads_real_patches(shared: Path, inside: str) -> None:
    samples = BIGEARTHNET.samples(shared / inside)
    assert len(samples) == 6
    assert samples[0].labels == (
        "Land principally occupied by agriculture, with significant areas of natural vegetation",
        "Non-irrigated arable land",
    )
