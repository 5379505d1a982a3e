"""Which precision a device is made for."""

import pytest
import torch

from terrakin.training.precision import native


@pytest.mark.parametrize(("fast", "wanted"), [(True, "bf16"), (False, "float32")])
def test_a_processor_computes_in_what_it_has_instructions_for(fast: bool, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: fast)
    assert native(torch.device("cpu")) == wanted


@pytest.mark.parametrize(("fast", "wanted"), [(True, "bf16"), (False, "float32")])
def test_so_does_a_gpu_and_emulation_does_not_count(fast: bool, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: fast or including_emulation)
    assert native(torch.device("cuda")) == wanted
