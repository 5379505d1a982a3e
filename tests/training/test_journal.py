"""The log: lines that can be trusted after a kill."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.errors import TrainingError
from terrakin.training.journal import Journal, read_journal


def lines_of(path: Path) -> list[dict]:
    return list(read_journal(path))


def test_lines_come_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log", first=0)
    assert lines_of(tmp_path / "log") == []
    journal.write(step=1, loss=0.1)
    journal.write(step=2, loss=1e-7, map=0.5)
    assert lines_of(tmp_path / "log") == [{"step": 1, "loss": 0.1}, {"step": 2, "loss": 1e-7, "map": 0.5}]
    assert [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()] == lines_of(tmp_path / "log")


def test_steps_that_are_done_again_are_taken_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log", first=0)
    for step in range(1, 6):
        journal.write(step=step)
    Journal(tmp_path / "log", first=3).write(step=4, again=True)
    assert lines_of(tmp_path / "log") == [{"step": 1}, {"step": 2}, {"step": 3}, {"step": 4, "again": True}]
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_run_that_starts_anew_has_a_new_log(tmp_path: Path) -> None:
    Journal(tmp_path / "log", first=0).write(step=1)
    Journal(tmp_path / "log", first=0)
    assert lines_of(tmp_path / "log") == []


@given(cut=st.integers(0, 40), junk=st.binary(max_size=6).filter(lambda junk: b"\n" not in junk and b"\r" not in junk))
def test_a_last_line_that_was_cut_off_is_left_out(tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("run") / "log"
    whole = b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}'
    path.write_bytes(whole[: len(whole) - cut] + (junk if cut else b""))
    held = [line for line in lines_of(path) if line not in ({"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25})]
    assert held == []
    Journal(path, first=2).write(step=3)
    assert lines_of(path)[-1] == {"step": 3}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"cannot write .*nowhere/log: No such file or directory"):
        Journal(tmp_path / "nowhere" / "log", first=0)
    journal = Journal(tmp_path / "log", first=0)
    (tmp_path / "log").unlink()
    (tmp_path / "log").mkdir()
    with pytest.raises(TrainingError, match=r"cannot write .*log: Is a directory"):
        journal.write(step=1)
