"""Labels of UC Merced from a tab-separated text."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from terrakin.datasets.dataset import CountWarning
from terrakin.datasets.ucm_multilabel import UCM_MULTILABEL
from terrakin.errors import DatasetError

Tree = Callable[[Mapping[str, str]], Path]

HEADER = "\t".join(["IMAGE\\LABEL", *UCM_MULTILABEL.classes])
IMAGES = {"Images/beach/beach00.tif": "", "Images/forest/forest07.tif": ""}


def row(image: str, *labels: str) -> str:
    return "\t".join([image, *("1" if name in labels else "0" for name in UCM_MULTILABEL.classes)])


def text(*lines: str) -> dict[str, str]:
    return {"labels/LandUse_Multilabeled.txt": "\r\n".join(lines) + "\r\n"}


BEACH, FOREST = row("beach00", "sea", "sand"), row("forest07", "trees")

pytestmark = pytest.mark.filterwarnings("ignore:.*differs from the published UC Merced:terrakin.datasets.dataset.CountWarning")


def test_labels_are_sorted_and_say_where_they_came_from(tree: Tree) -> None:
    beach, forest = UCM_MULTILABEL.samples(tree(IMAGES | text(HEADER, BEACH, FOREST)))
    assert (beach.id, beach.labels) == ("beach/beach00.tif", ("sand", "sea"))
    assert (forest.id, forest.labels) == ("forest/forest07.tif", ("trees",))
    assert beach.properties == {"labels_from": "LandUse_Multilabeled.txt"}


@pytest.mark.parametrize("separator", [" ", "_", "-"])
def test_separators_in_label_names_are_equal(tree: Tree, separator: str) -> None:
    root = tree(IMAGES | text(HEADER.replace("-", separator), row("beach00", "bare-soil", "mobile-home"), FOREST))
    assert UCM_MULTILABEL.samples(root)[0].labels == ("bare-soil", "mobile-home")


def test_columns_go_by_their_names(tree: Tree) -> None:
    names = UCM_MULTILABEL.classes[::-1]
    turned = "\t".join(["IMAGE\\LABEL", *names])
    line = "\t".join(["beach00", *("1" if name == "sea" else "0" for name in names)])
    assert UCM_MULTILABEL.samples(tree({**IMAGES, **text(turned, line, FOREST)}))[0].labels == ("sea",)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((HEADER, row("beach00"), FOREST), "line 2 of .* gives 'beach00' no label"),
        ((HEADER, BEACH, BEACH, FOREST), "line 3 of .* labels 'beach00' a second time"),
        ((HEADER, BEACH.replace("1", "2"), FOREST), "line 2 of .* must be an image and 17 times 0 or 1"),
        ((HEADER, BEACH + "\t1", FOREST), "line 2 of .* must be an image and 17 times 0 or 1"),
        ((HEADER.replace("sea", "ocean"), BEACH), "first line of .* must name the labels airplane, .*'ocean'"),
        ((), "first line of .* must name the labels"),
        ((HEADER, BEACH), "no row for 1 images, 'forest/forest07.tif' for one"),
    ],
)
def test_malformed_text_is_refused_with_its_line(tree: Tree, lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        UCM_MULTILABEL.samples(tree(IMAGES | text(*lines)))


def test_rows_without_image_are_a_warning(tree: Tree) -> None:
    root = tree(IMAGES | text(HEADER, BEACH, FOREST, row("river00", "water")))
    with pytest.warns(CountWarning, match="labels 3 images, and 2 of them are under"):
        UCM_MULTILABEL.samples(root)


def test_the_text_must_be_there_once(tree: Tree) -> None:
    with pytest.raises(DatasetError, match=r"must hold one LandUse_Multilabeled.txt, and it is nowhere down to 6 levels"):
        UCM_MULTILABEL.samples(tree(IMAGES))
    with pytest.raises(DatasetError, match=r"and it is in .*again, .*labels"):
        UCM_MULTILABEL.samples(tree({**IMAGES, **text(HEADER), "again/LandUse_Multilabeled.txt": ""}))


def test_bytes_that_are_no_text_are_refused(tree: Tree) -> None:
    root = tree(IMAGES)
    (root / "LandUse_Multilabeled.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="cannot read the labels file"):
        UCM_MULTILABEL.samples(root)


@pytest.mark.shared
def test_reads_the_real_labels(shared: Path) -> None:
    samples = UCM_MULTILABEL.samples(shared / "UCM")
    assert len(samples) == 2100
    assert {len(sample.labels) for sample in samples} <= set(range(1, 8))
    assert sum(len(sample.labels) for sample in samples) / 2100 == pytest.approx(3.3, abs=0.05)
