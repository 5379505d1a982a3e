"""One writer an archive."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from terrakin.archive.lock import writer
from terrakin.errors import ArchiveBusyError

_HOLD = """
import sys, time
from pathlib import Path
from terrakin.archive.lock import writer
with writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_writer_is_told_the_first_ones_process_and_start(tmp_path: Path, holder) -> None:
    with (
        pytest.raises(
            ArchiveBusyError, match=rf"written by process {holder.pid}, which started at 20\d\d-.*; wait for it to end"
        ),
        writer(tmp_path),
    ):
        pass


def test_a_killed_writer_leaves_no_lock(tmp_path: Path, holder) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with writer(tmp_path):
        pass


def test_the_lock_is_let_go(tmp_path: Path) -> None:
    for _ in range(2):
        with writer(tmp_path):
            pass
    assert not (tmp_path / "writer.json").exists()


def test_a_holder_that_has_not_signed_yet_is_still_refused(tmp_path: Path, holder) -> None:
    (tmp_path / "writer.json").write_text("{")
    with pytest.raises(ArchiveBusyError, match="written by another process"), writer(tmp_path):
        pass
