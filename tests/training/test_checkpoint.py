"""Checkpoints: what is written comes back, and what is broken is told."""

import errno
import io
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from terrakin.errors import TrainingError
from terrakin.training import checkpoint as module
from terrakin.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

SOME = Checkpoint(
    {"step": 7, "figures": {"loss": 0.1 + 0.2}, "precision": "auto"},
    {
        "network.stem.0.weight": torch.arange(24.0).reshape(2, 3, 2, 2),
        "network.stem.1.num_batches_tracked": torch.tensor(3),
        "optimizer.0.step": torch.tensor(5.0),
        "network.channels_last": torch.arange(24.0).reshape(2, 3, 2, 2).to(memory_format=torch.channels_last),
    },
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, SOME)
    return path


def test_it_comes_back(written: Path) -> None:
    back = read_checkpoint(written)
    assert back.facts == SOME.facts
    assert list(back.tensors) == list(SOME.tensors)
    for name, tensor in SOME.tensors.items():
        assert back.tensors[name].dtype == tensor.dtype
        assert torch.equal(back.tensors[name], tensor)
    assert [path.name for path in written.parent.iterdir()] == ["checkpoint.npz"]


def test_there_is_no_pickle_in_it(written: Path) -> None:
    with zipfile.ZipFile(written) as file:
        for name in file.namelist():
            content = file.read(name)
            assert content.startswith(b"\x93NUMPY")
            assert b"'|O'" not in content[:128]


def test_a_pickle_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    np.savez(path, facts=np.array([{"format": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(TrainingError, match="cannot read the checkpoint"):
        read_checkpoint(path)


@given(data=st.data())
def test_broken_files_are_told(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("run") / "checkpoint.npz"
    write_checkpoint(path, SOME)
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="cut"):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1), label="length")])
    else:
        for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=5), label="places"):
            whole[place] ^= data.draw(st.integers(1, 255), label="bits")
        path.write_bytes(whole)
    # Nothing but its own error comes out. A changed byte that nobody reads, such as a date in the archive, does no harm.
    with suppress(TrainingError):
        back = read_checkpoint(path)
        assert all(torch.equal(back.tensors[name], SOME.tensors[name]) for name in set(back.tensors) & set(SOME.tensors))


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY", b"PK\x03\x04"])
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(TrainingError, match=r"cannot read the checkpoint .*x: .*; start again without --resume"):
        read_checkpoint(tmp_path / "x")


def test_an_array_and_an_archive_of_something_else(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "other.npz", weight=np.zeros(3))
    np.savez(tmp_path / "facts.npz", facts=np.frombuffer(b"[1]", np.uint8))
    for name in ("array.npy", "other.npz", "facts.npz", "missing.npz"):
        with pytest.raises(TrainingError, match=f"cannot read the checkpoint .*{name}"):
            read_checkpoint(tmp_path / name)


def test_another_format(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FORMAT", 2)
    with pytest.raises(TrainingError, match=r"the checkpoint .*npz has format 1, this program reads 2"):
        read_checkpoint(written)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_one(written: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "write":
        monkeypatch.setattr(np, "savez", lambda file, **arrays: (file.write(b"half"), full()))
    elif call == "fsync":
        monkeypatch.setattr(module.os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TrainingError, match=r"cannot write the checkpoint .*npz: No space left on device"):
        write_checkpoint(written, Checkpoint({"step": 8}, {}))
    assert read_checkpoint(written).facts["step"] == 7
    assert [path.name for path in written.parent.iterdir()] == ["checkpoint.npz"]


def test_a_kill_while_it_is_written_leaves_the_old_one(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        pass

    def die(file: io.BufferedWriter, **arrays: object) -> None:
        file.write(b"half")
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", die)
        with pytest.raises(KilledError):
            write_checkpoint(written, Checkpoint({"step": 8}, {}))
    assert read_checkpoint(written).facts["step"] == 7
    write_checkpoint(written, Checkpoint({"step": 9}, {}))
    assert read_checkpoint(written).facts["step"] == 9
    assert [path.name for path in written.parent.iterdir()] == ["checkpoint.npz"]
