from pathlib import Path

import pytest

from terrakin.errors import SceneError
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.stamp import fingerprint, stamp


def test_a_stamp_follows_size_time_metadata_and_options() -> None:
    stamps = [
        stamp([(1, 2)], SourceOptions()),
        stamp([(2, 2)], SourceOptions()),
        stamp([(1, 3)], SourceOptions()),
        stamp([(1, 2), (1, 2)], SourceOptions()),
        stamp([(1, 2)], SourceOptions(), {"labels": ("a",)}),
        stamp([(1, 2)], SourceOptions(labels="folder")),
        stamp([(1, 2)], SourceOptions(dates="none")),
    ]
    assert len(set(stamps)) == len(stamps)
    assert stamp([(1, 2)], SourceOptions()) == stamps[0]


def test_a_fingerprint_follows_content_and_nothing_else(tmp_path: Path) -> None:
    def write(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    one, same, other = write("a", b"x" * 3_000_000), write("b", b"x" * 3_000_000), write("c", b"x" * 2_999_999 + b"y")
    assert fingerprint([one], {}) == fingerprint([same], {})
    assert len({fingerprint([one], {}), fingerprint([other], {}), fingerprint([one], {"labels": ["a"]})}) == 3
    # The border between files counts.
    assert fingerprint([write("d", b"ab"), write("e", b"c")], {}) != fingerprint([write("f", b"a"), write("g", b"bc")], {})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"gone\.tif cannot be read: No such file"):
        fingerprint([str(tmp_path / "gone.tif")], {})


def test_options_refuse_empty_words() -> None:
    with pytest.raises(ValueError, match="labels must be a word"):
        SourceOptions(labels="")
