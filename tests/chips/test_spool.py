import errno
import tempfile

import numpy as np
import pytest

from terrakin.chips.spool import spool
from terrakin.errors import SceneError

VALUES = np.arange(3 * 1100 * 7, dtype=np.uint16).reshape(3, 1100, 7)


@pytest.mark.parametrize("block", [1, 100, 512, 2000])
def test_a_file_holds_what_memory_would(block):
    calls = []

    def read_rows(first, rows):
        calls.append((first, rows))
        return VALUES[:, first : first + rows]

    kept = spool(read_rows, VALUES.shape, VALUES.dtype, block=block, what="x", memory=0)
    assert isinstance(kept, np.memmap)
    np.testing.assert_array_equal(kept, VALUES)
    assert [first for first, _ in calls] == sorted({first for first, _ in calls})
    assert all(first % block == 0 for first, _ in calls)
    assert sum(rows for _, rows in calls) == 1100


def test_small_ones_stay_in_memory():
    kept = spool(lambda first, rows: VALUES[:, first : first + rows], VALUES.shape, VALUES.dtype, block=1, what="x")
    assert not isinstance(kept, np.memmap)


def test_no_room_is_said_in_words(monkeypatch):
    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def seek(self, _):
            return None

        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    with pytest.raises(SceneError, match=r"big\.jp2 needs 0\.0 GiB in .* to be decoded once.*No space left.*set TMPDIR"):
        spool(
            lambda first, rows: VALUES[:, first : first + rows], VALUES.shape, VALUES.dtype, block=1, what="big.jp2", memory=0
        )
