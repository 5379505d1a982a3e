"""Published split lists."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from terrakin.datasets.dataset import CountWarning
from terrakin.datasets.splits import read_splits
from terrakin.errors import DatasetError

Tree = Callable[[Mapping[str, str]], Path]


def test_extensions_do_not_matter(tree: Tree) -> None:
    root = tree({"s-train.txt": "a00.tif\r\nsub/b00.png\n", "s-test.txt": "c00\n"})
    ids = ["a/a00.webp", "b/b00.jpg", "c/c00.jpg", "c/c01.jpg"]
    assert read_splits("s", ids, folders=[root]) == {"a/a00.webp": "train", "b/b00.jpg": "train", "c/c00.jpg": "test"}


def test_no_lists_no_splits(tmp_path: Path) -> None:
    assert read_splits("s", ["a/a.jpg"], folders=[tmp_path]) == {}


def test_images_that_are_not_there_are_counted(tree: Tree) -> None:
    root = tree({"s-train.txt": "a.jpg\nb.jpg\nc.jpg\n"})
    with pytest.warns(CountWarning, match=r"s-train.txt names 2 images of 3 that are not there, 'b' for one"):
        assert read_splits("s", ["x/a.jpg"], folders=[root]) == {"x/a.jpg": "train"}


def test_an_image_in_two_lists_is_an_error(tree: Tree) -> None:
    root = tree({"s-train.txt": "a.jpg\n", "s-test.txt": "a.jpg\n"})
    with pytest.raises(DatasetError, match=r"s-test.txt names x/a.jpg, which another list puts into 'train'"):
        read_splits("s", ["x/a.jpg"], folders=[root])


def test_two_images_of_one_name_are_an_error(tree: Tree) -> None:
    root = tree({"s-train.txt": "a.jpg\n"})
    with pytest.raises(DatasetError, match=r"y/a.png and x/a.jpg share a file name, so the split lists .* ambiguous"):
        read_splits("s", ["x/a.jpg", "y/a.png"], folders=[root])


def test_a_list_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s-val.txt").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(DatasetError, match=r"cannot read the split list .*s-val.txt"):
        read_splits("s", ["x/a.jpg"], folders=[tmp_path])
