"""Packages besides torch and numpy: what is declared is what is used, and what is missing is named."""

import sys
from collections.abc import Callable

import pytest

from terrakin.errors import TrainingError
from terrakin.nn.losses.known import LOSSES
from terrakin.training.packages import must_be_installed, needed
from terrakin.training.recipe import Recipe

Make = Callable[..., Recipe]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that lacks pytorch-metric-learning."""
    for name in [*sys.modules]:
        if name.partition(".")[0] == "pytorch_metric_learning":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_declares_what_it_imports(name: str, without: None) -> None:
    if LOSSES[name].needs_packages:
        with pytest.raises(ImportError, match="pytorch_metric_learning"):
            LOSSES[name](4, 2)
    else:
        LOSSES[name](4, 2)


def test_each_package_is_named_once(recipe: Make) -> None:
    assert needed(recipe()) == ()
    assert needed(recipe("loss=[{name='triplet'}, {name='contrastive'}]")) == ("pytorch-metric-learning",)


def test_what_is_missing_is_told(recipe: Make, without: None) -> None:
    must_be_installed(recipe())
    words = r"trains by multi-similarity, for which pytorch-metric-learning must be installed here; run: pip install pytorch-m"
    with pytest.raises(TrainingError, match=words):
        must_be_installed(recipe("loss=[{name='normalised-softmax'}, {name='multi-similarity'}]"))


def test_what_is_there_is_no_failure(recipe: Make) -> None:
    must_be_installed(recipe("loss=[{name='multi-similarity'}]"))
