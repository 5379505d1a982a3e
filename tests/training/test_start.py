"""What a backbone with added parts starts from: its own weights, and those of the plain one."""

from pathlib import Path
from typing import Any

import pytest
import torch

from terrakin.errors import TrainingError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.training.reading import read_recipe
from terrakin.training.start import start_of


def saved(folder: Path, name: str, *, without: str = "") -> tuple[Path, dict[str, Any]]:
    """A file of a fresh network's weights, and what is in it."""
    state = BACKBONES[name]().state_dict()
    state.pop(without, None)
    torch.save(state, folder / "weights.pth")
    return folder / "weights.pth", state


@pytest.mark.parametrize("name", ["resnet34-se", "resnet34"])
def test_it_starts_from_its_own_weights_and_from_plain_ones(tmp_path: Path, name: str) -> None:
    path, state = saved(tmp_path, name)
    start = start_of(read_recipe("resnet34.se"), path)
    assert start.keys() == state.keys()
    assert all(torch.equal(values, state[key]) for key, values in start.items())


@pytest.mark.parametrize("name", ["resnet34-se", "resnet34"])
def test_weights_with_a_gap_are_refused(tmp_path: Path, name: str) -> None:
    path, _ = saved(tmp_path, name, without="layer2.1.conv1.weight")
    words = rf"\(resnet34-se, resnet34\); nearest is {name}, but layer2\.1\.conv1\.weight is missing\. "
    with pytest.raises(TrainingError, match=words):
        start_of(read_recipe("resnet34.se"), path)


def test_a_plain_network_does_not_start_from_one_with_more(tmp_path: Path) -> None:
    path, _ = saved(tmp_path, "resnet34-se")
    with pytest.raises(TrainingError, match=r"\(resnet34\).* is not known"):
        start_of(read_recipe("resnet34.pca"), path)
