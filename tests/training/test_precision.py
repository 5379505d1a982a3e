"""Which precision is faster: tried without leaving a trace."""

import copy

import pytest
import torch

from terrakin.nn.heads.known import HEADS
from terrakin.training import precision
from terrakin.training.network import Network
from terrakin.training.precision import faster


@pytest.fixture
def network(tiny_backbone: None) -> Network:
    from terrakin.nn.backbones.known import BACKBONES

    backbone = BACKBONES["tiny"]()
    return Network(backbone, HEADS["projection"](backbone.channels, 4))


def test_the_network_stays_as_it_is(network: Network) -> None:
    before = copy.deepcopy(network.state_dict())
    assert faster(network, torch.rand(4, 3, 16, 16)) in ("float32", "bf16")
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("winner", ["float32", "bf16"])
def test_the_faster_one_wins(network: Network, monkeypatch: pytest.MonkeyPatch, winner: str) -> None:
    clock, seen = 0.0, set()

    def tick() -> float:
        return clock

    def forward(pixels: torch.Tensor) -> object:
        nonlocal clock
        used = "bf16" if torch.is_autocast_enabled("cpu") else "float32"
        seen.add(used)
        clock += 1 if used == winner else 2
        return original(pixels)

    original = network.forward
    monkeypatch.setattr(precision.copy, "deepcopy", lambda same: same)
    monkeypatch.setattr(precision.time, "perf_counter", tick)
    monkeypatch.setattr(network, "forward", forward)
    assert faster(network, torch.rand(4, 3, 16, 16)) == winner
    assert seen == {"float32", "bf16"}
