"""Rows that are kept as they come: resumed at any byte, they are those of one call."""

import errno
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.errors import TrainingError
from terrakin.training.rows import kept_rows

SHAPE, BLOCK = (10, 3), 4
WHOLE = np.arange(30, dtype=np.float32).reshape(SHAPE)


def left_in(folder: Path) -> set[str]:
    """Names of files but for the lock, which stays."""
    return {file.name for file in folder.iterdir()} - {".lock"}


def compute(some: slice) -> np.ndarray:
    return WHOLE[some]


def keep(file: Path, compute: Callable[[slice], np.ndarray] = compute, **options: object) -> np.ndarray:
    return kept_rows(file, SHAPE, compute, **{"block": BLOCK, "workers": 1, "done": lambda done: None, **options})


def test_rows_are_computed_in_blocks_and_once(tmp_path: Path) -> None:
    asked: list[slice] = []
    told: list[int] = []
    for _ in range(2):
        found = keep(tmp_path / "a.npz", lambda some: (asked.append(some), WHOLE[some])[1], done=told.append)
        np.testing.assert_array_equal(found, WHOLE)
    assert asked == [slice(0, 4), slice(4, 8), slice(8, 10)]
    assert told == [4, 8, 10]
    assert left_in(tmp_path) == {"a.npz"}
    with np.load(tmp_path / "a.npz") as held:
        assert held.files == ["embeddings"]


@given(length=st.integers(0, 2 * WHOLE.nbytes), workers=st.integers(0, 3))
def test_it_goes_on_after_the_last_whole_block(tmp_path_factory: pytest.TempPathFactory, length: int, workers: int) -> None:
    folder = tmp_path_factory.mktemp("run")
    (folder / "a.part").write_bytes((WHOLE.tobytes() * 2)[:length])
    asked: list[int] = []
    found = keep(folder / "a.npz", lambda some: (asked.append(some.start), WHOLE[some])[1], workers=workers)
    np.testing.assert_array_equal(found, WHOLE)
    # What is longer than all rows was not written by a call of these.
    whole = min(length // (BLOCK * 12), 2) if length <= WHOLE.nbytes else 0
    assert sorted(asked) == [0, 4, 8][whole:]
    assert left_in(folder) == {"a.npz"}


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_failure_keeps_the_blocks_before_it(tmp_path: Path, workers: int) -> None:
    def fails(some: slice) -> np.ndarray:
        if some.start == 8:
            raise KeyboardInterrupt
        return WHOLE[some]

    with pytest.raises(KeyboardInterrupt):
        keep(tmp_path / "a.npz", fails, workers=workers)
    assert (tmp_path / "a.part").read_bytes() == WHOLE[:8].tobytes()
    assert not (tmp_path / "a.npz").exists()


def test_what_a_kill_left_beside_a_finished_file_is_taken_away(tmp_path: Path) -> None:
    keep(tmp_path / "a.npz")
    (tmp_path / "a.part").write_bytes(b"left")
    keep(tmp_path / "a.npz", lambda some: pytest.fail("it was finished"))
    assert left_in(tmp_path) == {"a.npz"}


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(TrainingError, match=r"cannot write .*a\.npz: No space left on device; make room for it"):
        keep(tmp_path / "a.npz")
    assert left_in(tmp_path) == {"a.part"}


def test_two_at_once_compute_the_rows_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def slowly(some: slice) -> np.ndarray:
        asked.append(some.start)
        time.sleep(0.01)
        return WHOLE[some]

    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda _: keep(tmp_path / "a.npz", slowly), range(2)):
            np.testing.assert_array_equal(found, WHOLE)
    assert asked == [0, 4, 8]


def test_an_error_of_what_computes_is_not_taken_for_the_disks(tmp_path: Path) -> None:
    def broken(some: slice) -> np.ndarray:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        keep(tmp_path / "a.npz", broken)
