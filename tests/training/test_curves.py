"""Curves of a log."""

from pathlib import Path

import pytest
from PIL import Image

from terrakin.errors import OutputError
from terrakin.training import curves
from terrakin.training.curves import draw, draw_tallies
from terrakin.training.journal import Journal
from terrakin.training.tally import Tally


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


def test_tallies_are_drawn_over_iterations(tmp_path: Path, drawn: list) -> None:
    tallies = [
        Tally(number, 0.85, 90, 10 * number, {"a": 10 * number}, 10 * number, 5 * number, 2 * number) for number in (1, 2)
    ]
    draw_tallies(tallies, tmp_path / "picture.png")
    sizes, shares = drawn[-1].axes
    assert [*zip(*sizes.lines[0].get_data(), strict=True)] == [(1, 10), (2, 20)]
    assert [line.get_label() for line in shares.lines] == ["true class among the labelled", "label is right"]
    assert [[*line.get_data()[1]] for line in shares.lines] == [[0.5, 0.5], [0.2, 0.2]]
    assert (tmp_path / "picture.png").stat().st_size > 1000


def test_what_the_pool_does_not_tell_is_not_drawn(tmp_path: Path, drawn: list) -> None:
    draw_tallies([Tally(1, 0.85, 90, 10, {"a": 10}, 0, 0, 0)], tmp_path / "picture.png")
    assert [axes.get_title() for axes in drawn[-1].axes] == ["Labelled by the network, of 90"]
