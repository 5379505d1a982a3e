"""Weights: read without running what is in the file, and recognised."""

import contextlib
import pickle
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from terrakin.errors import TrainingError, UnknownNameError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.training.checkpoint import Checkpoint, write_checkpoint
from terrakin.training.weights import read_weights, recognise


@pytest.fixture(scope="module")
def resnet() -> dict[str, torch.Tensor]:
    """ResNet-18 with a classifier, as torchvision writes it."""
    return BACKBONES["resnet18"]().state_dict() | {"fc.weight": torch.zeros(5, 512), "fc.bias": torch.zeros(5)}


class Hostile:
    def __reduce__(self) -> tuple:
        return (print, ("code of a stranger ran",))


@pytest.mark.parametrize(
    "content",
    [
        {"a": torch.ones(2)},
        {"state_dict": {"a": torch.ones(2)}, "epoch": 3},
        {"model": {"state_dict": {"a": torch.ones(2)}}, "a": torch.zeros(1)},
    ],
)
def test_tensors_are_found_where_scripts_keep_them(tmp_path, content) -> None:
    torch.save(content, tmp_path / "w.pth")
    found = read_weights(tmp_path / "w.pth")
    assert list(found) == ["a"]
    assert torch.equal(found["a"], torch.ones(2))


def test_safetensors_are_read(tmp_path) -> None:
    save_file({"a": torch.arange(3.0)}, tmp_path / "w.safetensors")
    assert torch.equal(read_weights(tmp_path / "w.safetensors")["a"], torch.arange(3.0))


def test_code_in_a_file_is_not_run(tmp_path, capsys) -> None:
    torch.save({"a": torch.ones(2), "b": Hostile()}, tmp_path / "w.pth")
    with pytest.raises(TrainingError, match=r"is not a file of tensors alone.* save its state_dict\(\)"):
        read_weights(tmp_path / "w.pth")
    (tmp_path / "p.pt").write_bytes(pickle.dumps(Hostile(), protocol=2))
    with pytest.raises(TrainingError, match=r"p\.pt"):
        read_weights(tmp_path / "p.pt")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04broken"])
def test_broken_files_are_told_as_such(tmp_path, name, content) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TrainingError, match=name):
        read_weights(tmp_path / name)


def test_no_damage_ends_in_another_error(tmp_path) -> None:
    torch.save({"a": torch.ones(4)}, tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "w.pth").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(100):
        spoilt = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        spoilt[rng.integers(len(spoilt))] = rng.integers(256)
        (tmp_path / "w.pth").write_bytes(spoilt)
        with contextlib.suppress(TrainingError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of versions that it finds in the noise
            read_weights(tmp_path / "w.pth")


def test_a_missing_file_and_one_without_tensors(tmp_path) -> None:
    with pytest.raises(TrainingError, match="there is no file of weights at"):
        read_weights(tmp_path / "w.pth")
    torch.save([1, 2], tmp_path / "w.pth")
    with pytest.raises(TrainingError, match=r"holds no tensors by name; save the network's state_dict\(\)"):
        read_weights(tmp_path / "w.pth")


@pytest.mark.parametrize(
    # One of a fixed set of bands has that number alone.
    ("name", "bands"),
    [(name, bands) for name in sorted(BACKBONES) for bands in ([12] if BACKBONES[name].reads else [3, 13])],
)
def test_every_backbone_is_recognised(name, bands) -> None:
    state = BACKBONES[name](bands).state_dict()
    found = recognise(state)
    assert (found.architecture, found.bands, found.left_out) == (name, bands, ())
    BACKBONES[name](bands).load_published(found.state)


@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "module.encoder_q."])
def test_prefixes_are_taken_off_and_classifiers_left_out(resnet, prefix) -> None:
    state = {f"{prefix}{name}": values for name, values in resnet.items()} | {"other.weight": torch.zeros(1)}
    if not prefix:
        del state["other.weight"]
    found = recognise(state)
    assert found.architecture == "resnet18"
    assert "layer4.1.bn2.bias" in found.state
    assert set(found.left_out) == {f"{prefix}fc.weight", f"{prefix}fc.bias"} | ({"other.weight"} if prefix else set())


def test_counters_of_batch_norm_may_be_missing(resnet) -> None:
    assert recognise({name: v for name, v in resnet.items() if "num_batches" not in name}).architecture == "resnet18"


def test_another_network_is_refused_with_what_differs(resnet) -> None:
    with pytest.raises(TrainingError, match=r"nearest is resnet18, but layer1\.0\.se\.weight is not known"):
        recognise(resnet | {"layer1.0.se.weight": torch.zeros(3)})
    with pytest.raises(TrainingError, match=r"nearest is resnet18, but bn1\.weight is \(32,\) instead of \(64,\)"):
        recognise(resnet | {"bn1.weight": torch.zeros(32)})
    with pytest.raises(TrainingError, match=r"\(mobilenetv2, resnet18, .*, three-branch\).* and \d+ more\. Export"):
        recognise({"a": torch.zeros(1)})
    with pytest.raises(TrainingError, match=r"known \(resnet34\); nearest is resnet34, but layer1\.2"):
        recognise(resnet, architecture="resnet34")
    with pytest.raises(UnknownNameError, match="did you mean 'resnet34'"):
        recognise(resnet, architecture="resnet43")


def test_a_run_starts_from_the_network_that_a_carried_run_left(tmp_path) -> None:
    state = BACKBONES["resnet18"]().state_dict()
    halves = {f"backbone.{name}": tensor.half() if tensor.ndim > 1 else tensor for name, tensor in state.items()}
    write_checkpoint(tmp_path / "network.npz", Checkpoint({}, halves))
    found = recognise(read_weights(tmp_path / "network.npz"))
    assert all(found.state[name].dtype == tensor.dtype for name, tensor in state.items())


@pytest.mark.parametrize("averaged", [True, False])
def test_a_run_starts_from_the_checkpoint_of_another(tmp_path, averaged) -> None:
    state = BACKBONES["resnet18"]().state_dict()
    tensors = {f"network.backbone.{name}": torch.zeros_like(tensor) if averaged else tensor for name, tensor in state.items()}
    if averaged:
        tensors |= {f"average.backbone.{name}": tensor for name, tensor in state.items()}
    tensors |= {"network.head.linear.weight": torch.zeros(2, 512), "optimizer.0.momentum_buffer": torch.zeros(3)}
    write_checkpoint(tmp_path / "checkpoint.npz", Checkpoint({"step": 3}, tensors))
    found = recognise(read_weights(tmp_path / "checkpoint.npz"))
    assert found.architecture == "resnet18"
    assert all(torch.equal(found.state[name], tensor) for name, tensor in state.items())


def test_a_checkpoint_of_a_run_that_kept_a_part_is_recognised(tmp_path) -> None:
    """Both copies for a run that keeps the same part; for a bundle, the one that was trained."""
    kept = BACKBONES["mobilenetv2"](kept="last")
    tensors = {f"network.backbone.{name}": values for name, values in kept.state_dict().items()}
    write_checkpoint(tmp_path / "checkpoint.npz", Checkpoint({}, tensors))
    found = recognise(read_weights(tmp_path / "checkpoint.npz"), architecture="mobilenetv2")
    assert set(found.state) == set(kept.state_dict())
    assert {name.split(".")[1] for name in found.left_out} == {"kept"}
    for options in ({"kept": "last"}, {}):
        BACKBONES["mobilenetv2"](**options).load_published(found.state)
