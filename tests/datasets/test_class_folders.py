"""Reading one folder a class."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from terrakin.datasets.class_folders import ClassFolders
from terrakin.datasets.dataset import DATASETS, CountWarning, Facts
from terrakin.errors import DatasetError

Tree = Callable[[Mapping[str, str]], Path]

FACTS = Facts(images=3, pixels="8 x 8", gsd="1", bands=("red", "green", "blue"), licence="none", citation="none")
SHORES = ClassFolders(name="shores", title="Shores", counts={"sea_ice": 2, "beach": 1}, facts=FACTS, split_lists="shores")
FULL = {"x/sea_ice/a_1.jpg": "", "x/sea_ice/a_2.jpg": "", "x/beach/b_1.jpg": ""}


def test_the_folder_is_the_class_and_the_path_the_id(tree: Tree) -> None:
    root = tree(FULL)
    samples = SHORES.samples(root)
    assert [(sample.id, sample.labels) for sample in samples] == [
        ("beach/b_1.jpg", ("beach",)),
        ("sea_ice/a_1.jpg", ("sea_ice",)),
        ("sea_ice/a_2.jpg", ("sea_ice",)),
    ]
    assert samples[0].path == str((root / "x/beach/b_1.jpg").resolve())
    assert SHORES.classes == ("sea_ice", "beach")


@pytest.mark.parametrize("inside", ["", "x"])
def test_the_parent_and_the_folder_itself_give_the_same(tree: Tree, inside: str) -> None:
    root = tree(FULL)
    assert SHORES.samples(root / inside) == SHORES.samples(root)


def test_a_relative_root_gives_absolute_paths(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(FULL)
    monkeypatch.chdir(root.parent)
    assert SHORES.samples(Path(root.name)) == SHORES.samples(root)


@pytest.mark.parametrize(("levels", "found"), [(6, True), (7, False)])
def test_class_folders_are_found_six_levels_down(tree: Tree, levels: int, found: bool) -> None:
    deep = "/".join(f"level{level}" for level in range(levels - 1))
    root = tree({f"top/{deep}/{name[2:]}": "" for name in FULL})
    if found:
        assert len(SHORES.samples(root)) == 3
    else:
        with pytest.raises(DatasetError, match=r"is not Shores: no folder in it, down to 6 levels, holds its class folders"):
            SHORES.samples(root)


def test_all_image_types_count_in_any_case_and_nothing_else(tree: Tree) -> None:
    images = ["a.jpg", "b.JPEG", "c.Png", "d.TIF", "e.tiff", "f.webp"]
    others = [".hidden.jpg", "Thumbs.db", "desktop.ini", "notes.txt", "noext"]
    root = tree({f"beach/{name}": "" for name in images + others} | {"__MACOSX/beach/a.jpg": "", ".git/beach/a.jpg": ""})
    with pytest.warns(CountWarning, match="beach 6 instead of 1"):
        assert [sample.id for sample in SHORES.samples(root)] == [f"beach/{name}" for name in sorted(images)]


@pytest.mark.parametrize("spelling", ["seaice", "sea ice", "Sea-Ice"])
def test_other_spellings_of_a_folder_mean_the_class(tree: Tree, spelling: str) -> None:
    root = tree({f"{spelling}/a_1.jpg": "", f"{spelling}/a_2.jpg": "", "beach/b_1.jpg": ""})
    assert {sample.labels for sample in SHORES.samples(root)} == {("sea_ice",), ("beach",)}


def test_counts_that_differ_are_named_with_both_numbers(tree: Tree) -> None:
    root = tree({"sea_ice/a_1.jpg": "", "beach/b_1.jpg": ""})
    with pytest.warns(CountWarning, match=r"differs from the published Shores in images per class: sea_ice 1 instead of 2$"):
        SHORES.samples(root)


def test_a_class_without_folder_counts_as_zero(tree: Tree) -> None:
    with pytest.warns(CountWarning, match="sea_ice 0 instead of 2"):
        SHORES.samples(tree({"beach/b_1.jpg": ""}))


def test_an_unknown_folder_is_an_error(tree: Tree) -> None:
    root = tree(FULL | {"x/desert/c_1.jpg": ""})
    with pytest.raises(DatasetError, match=r"it has no class 'desert'. Its 2 classes are sea_ice, beach. Move other folders"):
        SHORES.samples(root)


def test_two_sets_of_class_folders_are_an_error(tree: Tree) -> None:
    root = tree(FULL | {"y/beach/b_1.jpg": ""})
    with pytest.raises(DatasetError, match=r"class folders of Shores in 2 places: .*x, .*y. Give one of them"):
        SHORES.samples(root)


def test_class_folders_without_images_are_an_error(tree: Tree) -> None:
    with pytest.raises(DatasetError, match=r"hold no image \(.jpg .jpeg"):
        SHORES.samples(tree({"beach/readme.txt": ""}))


def test_a_looping_link_does_not_hang(tree: Tree) -> None:
    root = tree(FULL)
    (root / "again").symlink_to(root)
    assert len(SHORES.samples(root)) == 3


def test_linked_class_folders_are_read(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tree(FULL)
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(root / "x")
    assert SHORES.samples(link) == SHORES.samples(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_named(tree: Tree) -> None:
    root = tree({"closed/x.txt": ""})
    (root / "closed").chmod(0)
    try:
        with pytest.raises(DatasetError, match=r"cannot read the folder .*closed: Permission denied"):
            SHORES.samples(root)
    finally:
        (root / "closed").chmod(0o700)


def test_split_lists_beside_the_images_are_followed(tree: Tree) -> None:
    lists = {"shores-train.txt": "a_1.tif\n\n", "shores-val.txt": "a_2.tif\n", "x/shores-test.txt": "b_1.tif\n"}
    splits = {sample.id: sample.split for sample in SHORES.samples(tree(FULL | lists))}
    assert splits == {"sea_ice/a_1.jpg": "train", "sea_ice/a_2.jpg": "val", "beach/b_1.jpg": "test"}


@pytest.mark.parametrize("name", ["ucm", "nwpu-resisc45", "eurosat", "eurosat-allbands"])
def test_the_published_lists_have_these_names(tree: Tree, name: str) -> None:
    dataset = DATASETS[name]
    assert isinstance(dataset, ClassFolders)
    start = {"ucm": "uc_merced", "nwpu-resisc45": "resisc45"}.get(name, "eurosat")
    suffix = ".tif" if name == "eurosat-allbands" else ".jpg"
    label = dataset.classes[0]
    root = tree({f"{label}/one{suffix}": "", f"{start}-test.txt": "one.jpg\n"})
    with pytest.warns(CountWarning):
        assert [sample.split for sample in dataset.samples(root)] == ["test"]


def test_the_two_forms_of_eurosat_do_not_take_each_others_files(tree: Tree) -> None:
    root = tree({"Forest/Forest_1.tif": "", "River/River_1.jpg": ""})
    with pytest.warns(CountWarning):
        assert [sample.id for sample in DATASETS["eurosat"].samples(root)] == ["River/River_1.jpg"]
    with pytest.warns(CountWarning):
        assert [sample.id for sample in DATASETS["eurosat-allbands"].samples(root)] == ["Forest/Forest_1.tif"]


def test_b8a_is_the_last_band_of_eurosat() -> None:
    bands = DATASETS["eurosat-allbands"].facts.bands
    assert (len(bands), bands[8], bands[9], bands[-1]) == (13, "B09", "B10", "B8A")


def test_mixed_case_does_not_move_a_class_of_whu_rs19() -> None:
    classes = DATASETS["whu-rs19"].classes
    assert (classes.index("footballField"), classes.index("railwayStation")) == (6, 15)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "folder", "images"),
    [("ucm", "UCM", 2100), ("ucm", "UCM/Images", 2100), ("rsscn7", "RSSCN7", 2800), ("aid", "AID", 10000)],
)
def test_reads_the_real_copies_without_a_warning(shared: Path, name: str, folder: str, images: int) -> None:
    samples = DATASETS[name].samples(shared / folder)
    assert len(samples) == images
    assert {sample.labels[0] for sample in samples} == set(DATASETS[name].classes)


@pytest.mark.shared
def test_another_real_data_set_is_refused(shared: Path) -> None:
    with pytest.raises(DatasetError, match=r"is not WHU-RS19: it has no class 'BareLand', 'BaseballField'"):
        DATASETS["whu-rs19"].samples(shared / "AID")
