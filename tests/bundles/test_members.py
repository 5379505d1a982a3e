"""The files of a bundle: what is read, and what a stranger's zip cannot do."""

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.bundles.members import read_members, unzip, write_members
from terrakin.errors import BundleError

FILES = {"passport.json": b"{}", "model.onnx": b"onnx", "card.md": b"# card"}


def make_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("name", ["new/bundle", "new/bundle.zip", "bundle.v2", "bundle.ZIP"])
@pytest.mark.parametrize("extra", [{}, {"reducer.npz": b"npz"}, {"hasher.npz": b"npz"}])
def test_what_is_written_is_read(tmp_path, name, extra):
    write_members(tmp_path / name, FILES | extra)
    assert read_members(tmp_path / name) == FILES | extra
    assert (tmp_path / name).is_file() == name.lower().endswith(".zip")
    assert len(list((tmp_path / name).parent.iterdir())) == 1


def test_equal_bundles_are_equal_zips(tmp_path):
    write_members(tmp_path / "a.zip", FILES)
    write_members(tmp_path / "b.zip", FILES)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_other_files_in_a_folder_are_not_read(tmp_path):
    write_members(tmp_path / "bundle", FILES)
    (tmp_path / "bundle" / "notes.txt").write_text("mine")
    assert read_members(tmp_path / "bundle") == FILES


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_nothing_is_overwritten(tmp_path, name):
    write_members(tmp_path / name, FILES)
    with pytest.raises(BundleError, match=rf"{name}' exists; give a new name or remove it first"):
        write_members(tmp_path / name, FILES)


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch, name):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(BundleError, match=rf"cannot write '.*{name}': No space left on device"):
        write_members(tmp_path / name, FILES)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_hold_a_bundle_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match=r"cannot write '.*file/bundle': "):
        write_members(tmp_path / "file" / "bundle", FILES)


def test_nothing_there_says_what_a_bundle_is(tmp_path):
    with pytest.raises(
        BundleError, match=r"there is no bundle at '.*gone'; give a folder or \.zip of passport\.json, model\.onnx"
    ):
        read_members(tmp_path / "gone")


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_missing_files_are_named(tmp_path, name):
    write_members(tmp_path / name, {"model.onnx": b""})
    with pytest.raises(BundleError, match=rf"{name}' is not a bundle: it lacks passport\.json, card\.md"):
        read_members(tmp_path / name)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    write_members(tmp_path / "bundle", {"model.onnx": b"", "card.md": b""})
    (tmp_path / "bundle" / "passport.json").mkdir()
    with pytest.raises(BundleError, match=r"passport\.json' is not a file"):
        read_members(tmp_path / "bundle")


def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path):
    write_members(tmp_path / "bundle", {"model.onnx": b"", "card.md": b""})
    os.mkfifo(tmp_path / "bundle" / "passport.json")
    with pytest.raises(BundleError, match=r"passport\.json' is not a file"):
        read_members(tmp_path / "bundle")


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_file_larger_than_its_limit_is_refused(tmp_path, name):
    write_members(tmp_path / name, FILES | {"passport.json": b" " * 65537})
    with pytest.raises(BundleError, match=r"passport\.json.* is larger than the 65,536 bytes that it may have"):
        read_members(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["../escape.txt", "/etc/escape", "folder/passport.json", "folder/", "weights.bin", "PASSPORT.JSON"]
)
def test_a_zip_with_any_other_member_is_refused(tmp_path, name):
    (tmp_path / "bundle.zip").write_bytes(make_zip(FILES | {name: b""}))
    with pytest.raises(BundleError, match=rf"bundle\.zip holds '{name}'; expected at its top only passport\.json, model\.onnx"):
        read_members(tmp_path / "bundle.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.zip"]


def test_a_member_given_twice_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("card.md", "one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("card.md", "two")
    with pytest.raises(BundleError, match=r"x\.zip holds 'card\.md' twice"):
        unzip(file, {"card.md": 10}, "x.zip")


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked():
    bomb = io.BytesIO(make_zip({"card.md": bytes(50_000_000)}))
    with pytest.raises(BundleError, match=r"card\.md in x\.zip is larger than the 1,000 bytes"):
        unzip(bomb, {"card.md": 1000}, "x.zip")


def test_a_zip_that_lies_about_its_sizes_is_refused():
    honest = make_zip({"card.md": bytes(5000)}, zipfile.ZIP_STORED)
    lying = honest.replace(struct.pack("<II", 5000, 5000), struct.pack("<II", 10, 10))
    with pytest.raises(BundleError, match=r"x\.zip is not a readable zip"):
        unzip(io.BytesIO(lying), {"card.md": 1000}, "x.zip")


def test_an_unusual_packing_is_refused():
    with pytest.raises(BundleError, match=r"card\.md in x\.zip is packed by method 14; use deflate"):
        unzip(io.BytesIO(make_zip({"card.md": b"x"}, zipfile.ZIP_LZMA)), {"card.md": 10}, "x.zip")


def test_an_encrypted_member_is_refused():
    data = bytearray(make_zip({"card.md": b"x"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    with pytest.raises(BundleError, match=r"x\.zip is not a readable zip: .*encrypted"):
        unzip(io.BytesIO(data), {"card.md": 10}, "x.zip")


@given(st.binary(max_size=200))
def test_no_bytes_pass_for_a_zip(data):
    with pytest.raises(BundleError):
        unzip(io.BytesIO(data), {"card.md": 10}, "x.zip")


@given(st.data())
def test_a_damaged_zip_is_read_or_refused(data):
    whole = bytearray(make_zip(FILES))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        members = unzip(io.BytesIO(whole), dict.fromkeys(FILES, 100), "x.zip")
    except BundleError:
        return
    assert set(members) <= set(FILES)
