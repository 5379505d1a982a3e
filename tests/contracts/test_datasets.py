"""What every reader of the registry must do, on a generated tree of its layout."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from terrakin.datasets.bigearthnet import BANDS
from terrakin.datasets.class_folders import ClassFolders
from terrakin.datasets.class_names import plain
from terrakin.datasets.dataset import DATASETS, CountWarning, Dataset
from terrakin.errors import DatasetError, UnknownNameError


def class_folders(nested: str, suffix: str) -> Callable[[Path, Dataset], int]:
    def write(root: Path, dataset: Dataset) -> int:
        for label in dataset.classes:
            folder = root / nested / label
            folder.mkdir(parents=True)
            for number in (1, 2, 10):
                (folder / f"{label.lower()}_{number}{suffix}").touch()
        return 3 * len(dataset.classes)

    return write


def ucm_multilabel(root: Path, dataset: Dataset) -> int:
    count = class_folders("Images", ".tif")(root, DATASETS["ucm"])
    rows = [
        "\t".join([path.stem, *(["1", "0"] * 9)[: len(dataset.classes)]]) for path in sorted((root / "Images").rglob("*.tif"))
    ]
    header = "\t".join(["IMAGE\\LABEL", *dataset.classes])
    (root / "LandUse_Multilabeled.txt").write_text("\n".join([header, *rows]) + "\n")
    return count


def patches(root: Path, dataset: Dataset) -> int:
    for column in (3, 45):
        name = f"S2A_MSIL2A_20170613T101031_0_{column}"
        folder = root / "BigEarthNet-v1.0" / name
        folder.mkdir(parents=True)
        for band in BANDS:
            (folder / f"{name}_{band}.tif").touch()
        content = {"labels": ["Sea and ocean", "Pastures"], "acquisition_date": "2017-06-13 10:10:31", "tile_source": "T33UUP"}
        (folder / f"{name}_labels_metadata.json").write_text(json.dumps(content))
    return 2


def manifest(root: Path, dataset: Dataset) -> int:
    (root / "b.png").touch()
    (root / "a.png").touch()
    (root / "places.csv").write_text("path,place,year,minx,miny,maxx,maxy\nb.png,one,2016,,,,\na.png,one,2017,0,0,10,10\n")
    return 2


TREES: dict[str, Callable[[Path, Dataset], int]] = {
    "aid": class_folders("AID", ".jpg"),
    "bigearthnet": patches,
    "bigearthnet-19": patches,
    "eurosat": class_folders("2750", ".jpg"),
    "eurosat-allbands": class_folders("ds/images/remote_sensing/otherDatasets/sentinel_2/tif", ".tif"),
    "nwpu-resisc45": class_folders("NWPU-RESISC45", ".jpg"),
    "patternnet": class_folders("PatternNet/images", ".jpg"),
    "places": manifest,
    "rsscn7": class_folders("", ".jpg"),
    "ucm": class_folders("UCMerced_LandUse/Images", ".tif"),
    "ucm-multilabel": ucm_multilabel,
    "whu-rs19": class_folders("", ".jpg"),
}
"""Name to what writes a small tree of its published layout and says how many samples it has."""


def test_every_data_set_has_a_tree_here() -> None:
    built_in = [name for name in DATASETS if type(DATASETS[name]).__module__.startswith("terrakin.")]
    assert built_in == sorted(TREES)


@pytest.fixture(params=sorted(TREES))
def dataset(request: pytest.FixtureRequest) -> Dataset:
    return DATASETS[request.param]


def test_the_name_is_the_one_of_the_registry(dataset: Dataset) -> None:
    assert DATASETS[dataset.name] is dataset
    assert dataset.title


def test_classes_are_unique_however_they_are_spelt(dataset: Dataset) -> None:
    assert len({plain(name) for name in dataset.classes}) == len(dataset.classes)


def test_counts_are_those_of_the_classes_and_add_up_to_the_published_total(dataset: Dataset) -> None:
    if dataset.counts:
        assert tuple(dataset.counts) == tuple(dataset.classes)
        assert sum(dataset.counts.values()) == dataset.facts.images
    else:
        assert dataset.multi_label or not dataset.classes


def test_facts_are_complete(dataset: Dataset) -> None:
    facts = dataset.facts
    assert all([facts.pixels, facts.gsd, facts.licence, facts.citation])
    assert len(set(facts.bands)) == len(facts.bands)
    if dataset.classes:
        assert facts.images
        assert facts.bands


def test_reads_a_tree_of_its_layout(dataset: Dataset, tmp_path: Path) -> None:
    expected = TREES[dataset.name](tmp_path, dataset)
    samples = _read(dataset, tmp_path)
    ids = [sample.id for sample in samples]
    assert len(samples) == expected
    assert ids == sorted(set(ids))
    for sample in samples:
        assert Path(sample.path).is_absolute()
        assert Path(sample.path).exists()
        assert "\\" not in sample.id
        assert sample.labels == tuple(sorted(set(sample.labels)))
        assert sample.labels
        if dataset.classes:
            assert set(sample.labels) <= set(dataset.classes)
        if not dataset.multi_label:
            assert len(sample.labels) == 1


def test_counts_that_differ_are_a_warning_with_both_numbers(dataset: Dataset, tmp_path: Path) -> None:
    TREES[dataset.name](tmp_path, dataset)
    if dataset.facts.images is None:
        dataset.samples(tmp_path)
    else:
        found, published = (3, next(iter(dataset.counts.values()))) if dataset.counts else (None, None)
        words = rf"{found} instead of {published}" if isinstance(dataset, ClassFolders) else "instead of"
        with pytest.warns(CountWarning, match=words):
            dataset.samples(tmp_path)


def test_a_root_that_is_not_there_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"there is no (folder|manifest) .*nowhere"):
        dataset.samples(tmp_path / "nowhere")


def test_another_folder_is_refused_with_where_it_looked(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "holiday" / "2019").mkdir(parents=True)
    (tmp_path / "holiday" / "2019" / "beach.jpg").touch()
    with pytest.raises(DatasetError) as caught:
        dataset.samples(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'rsscn7'"):
        DATASETS["rssnc7"]


def _read(dataset: Dataset, root: Path) -> list:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CountWarning)
        return dataset.samples(root)
