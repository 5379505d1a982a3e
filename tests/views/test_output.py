import errno
import os
from pathlib import Path

import pytest

from terrakin.errors import TerrakinError
from terrakin.views.output import write_text, written, written_folder


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail_half_way(path: Path, error: Exception) -> None:
    with written(path) as partial:
        partial.write_text("half")
        raise error


def fill_half_way(path: Path) -> None:
    with written_folder(path) as partial:
        (partial / "deep" / "er").mkdir(parents=True)
        (partial / "deep" / "er" / "a.txt").write_text("x")
        raise OSError(errno.ENOSPC, "full")


def test_a_file_appears_whole_and_nothing_stays_beside_it(tmp_path):
    write_text(tmp_path / "a.txt", "one\n")
    write_text(tmp_path / "a.txt", "zwei ü\n")
    assert (tmp_path / "a.txt").read_bytes() == "zwei ü\n".encode()
    assert left_in(tmp_path) == ["a.txt"]


def test_what_stood_there_stays_when_the_work_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        fail_half_way(path, ZeroDivisionError())
    assert path.read_text() == "old"
    assert left_in(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_refused_before_the_work_begins(tmp_path):
    words = r"cannot write .*no/a\.txt: there is no folder .*no; make it first"
    with pytest.raises(TerrakinError, match=words), written(tmp_path / "no" / "a.txt"):
        pytest.fail("the work began")


def test_a_folder_and_a_device_are_not_replaced(tmp_path):
    for path in (tmp_path, Path(os.devnull)):
        with pytest.raises(TerrakinError, match="it is not a file; give another path"), written(path):
            pass
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full; make room"),
        (errno.EDQUOT, "the disk is full; make room"),
        (errno.EACCES, "does not let you; give another path"),
        (errno.EROFS, "does not let you; give another path"),
        (errno.EIO, "Input/output error; give another path"),
    ],
)
def test_the_systems_errors_are_told_in_words(tmp_path, number, words):
    with pytest.raises(TerrakinError, match=words):
        fail_half_way(tmp_path / "a.txt", OSError(number, os.strerror(number)))
    assert left_in(tmp_path) == []


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real" / "a.txt")
    write_text(link, "x")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "x"


def test_a_folder_appears_whole(tmp_path):
    with written_folder(tmp_path / "out") as partial:
        (partial / "inner").mkdir()
        (partial / "inner" / "a.txt").write_text("x")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "inner" / "a.txt").read_text() == "x"
    assert left_in(tmp_path) == ["out"]


def test_an_empty_folder_is_filled_and_a_full_one_is_refused(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with written_folder(out) as partial:
        (partial / "a.txt").write_text("x")
    with pytest.raises(TerrakinError, match="it exists and is not an empty folder"), written_folder(out):
        pass
    assert left_in(out) == ["a.txt"]


def test_a_failed_folder_leaves_nothing(tmp_path):
    with pytest.raises(TerrakinError, match="the disk is full"):
        fill_half_way(tmp_path / "out")
    assert left_in(tmp_path) == []
