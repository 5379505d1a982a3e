"""Curves of a log."""

from pathlib import Path

import pytest
from PIL import Image

from terrakin.errors import OutputError
from terrakin.training import curves
from terrakin.training.curves import draw
from terrakin.training.journal import Journal


@pytest.fixture
def log(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "log", first=0)
    for step in range(1, 9):
        figures = {"epoch": step / 4, "loss": 3 / step, "loss_0": 2 / step, "loss_1": 1 / step, "learning_rate": 0.1}
        measured = {"map": step / 10, "p@10": step / 9} if step % 4 == 0 else {}
        journal.write(step=step, **figures, **measured)
    return tmp_path / "log"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """The figures that are saved."""
    from matplotlib.figure import Figure

    saved, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *paths, **options: (saved.append(self), save(self, *paths, **options)))
    return saved


def test_a_panel_for_what_was_measured(log: Path, tmp_path: Path, drawn: list) -> None:
    draw(log, tmp_path / curves.CURVES)
    with Image.open(tmp_path / curves.CURVES) as picture:
        assert picture.format == "PNG"
        assert picture.width > 2 * picture.height
    lines = {
        axes.get_title(): {line.get_label(): [*zip(*line.get_data(), strict=True)] for line in axes.lines}
        for axes in drawn[0].axes
    }
    assert list(lines) == ["Loss", "Retrieval, images that did not train", "Learning rate"]
    assert list(lines["Loss"]) == ["all terms", "term 0", "term 1"]
    assert lines["Loss"]["term 1"] == [(step / 4, 1 / step) for step in range(1, 9)]
    assert lines["Retrieval, images that did not train"] == {"mAP": [(1, 0.4), (2, 0.8)], "P@10": [(1, 4 / 9), (2, 8 / 9)]}


def test_classes_left_out_have_a_panel(log: Path, tmp_path: Path, drawn: list) -> None:
    Journal(log, first=8).write(step=9, epoch=2.25, **{"left_out_map": 0.5, "left_out_p@10": 0.4})
    draw(log, tmp_path / "x.png")
    assert "Retrieval, classes left out" in [axes.get_title() for axes in drawn[0].axes]


def test_a_log_without_lines(tmp_path: Path, drawn: list) -> None:
    Journal(tmp_path / "log", first=0)
    draw(tmp_path / "log", tmp_path / "x.png")
    assert [axes.get_title() for axes in drawn[0].axes] == ["Loss"]
    assert not drawn[0].axes[0].lines


def test_a_picture_that_cannot_be_written(log: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*nowhere/x\.png: No such file or directory"):
        draw(log, tmp_path / "nowhere" / "x.png")
