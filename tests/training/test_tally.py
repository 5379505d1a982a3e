"""What is told of pseudo-labels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from terrakin.errors import TrainingError
from terrakin.training.images import Images
from terrakin.training.labelled import UNKNOWN
from terrakin.training.pseudo_labels import PseudoLabels
from terrakin.training.tally import TALLY, Tally, chapter, read_tally, tally, write_tally

CLASSES = ("baseballdiamond", "harbor", "river")
CHOSEN = PseudoLabels(np.array([0, 1, 2, 3, 5]), np.array([0, 1, 2, 0, 1]))
ONE = Tally(1, 0.85, 12, 5, {"baseballdiamond": 2, "harbor": 2, "river": 1}, 5, 4, 3)


@pytest.fixture
def pool(some_images: Callable[..., Images]) -> Images:
    """12 images, of `baseball_field`, `Harbor`, `oil_well` and `River` in turn."""
    return replace(some_images(count=12), classes=("baseball_field", "Harbor", "oil_well", "River"))


def test_true_classes_are_matched_by_name(pool: Images) -> None:
    # True: field, harbour, oil well, river, harbour; guessed: field, harbour, river, field, harbour.
    assert tally(1, 0.85, CHOSEN, pool, CLASSES) == ONE


def test_images_of_unknown_class_are_not_counted_as_wrong(pool: Images) -> None:
    some = tally(1, 0.85, CHOSEN, replace(pool, classes=("baseball_field", UNKNOWN, "oil_well", "River")), CLASSES)
    assert (some.chosen, some.known, some.with_counterpart, some.right) == (5, 3, 2, 1)
    none = tally(1, 0.85, CHOSEN, replace(pool, classes=(UNKNOWN,), labels=np.zeros(12, np.int64)), CLASSES)
    assert (none.chosen, none.known, none.with_counterpart, none.right) == (5, 0, 0, 0)


def test_it_is_kept(tmp_path: Path) -> None:
    assert read_tally(tmp_path) is None
    write_tally(ONE, tmp_path)
    assert read_tally(tmp_path) == ONE
    assert [path.name for path in tmp_path.iterdir()] == [TALLY]
    (tmp_path / TALLY).write_text('{"iteration": 1}')
    assert read_tally(tmp_path) is None


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"cannot write .*pseudo-labels\.json: No such file"):
        write_tally(ONE, tmp_path / "nowhere")


def test_the_chapter_tells_every_iteration() -> None:
    text = "\n".join(chapter([ONE, replace(ONE, iteration=2, chosen=1234, classes={**ONE.classes, "river": 1230})]))
    assert "| iteration | labelled by the network | true class among the labelled | labelled rightly |" in text
    assert "| 1 | 5 | 4 of 5 (80.0%) | 3 of 4 (75.0%) |" in text
    assert "| 2 | 1,234 |" in text
    assert "| class | iteration 1 | iteration 2 |" in text
    assert "| river | 1 | 1,230 |" in text
    assert "Of 12 images without labels" in text
    assert "probability above 0.85" in text


def test_where_nothing_is_known_the_shares_are_left_out() -> None:
    text = "\n".join(chapter([replace(ONE, known=0, with_counterpart=0, right=0)]))
    assert "| iteration | labelled by the network |\n| --- | --- |\n| 1 | 5 |" in text
    assert chapter([]) == []
    assert "| 1 | 5 | 0 of 5 (0.0%) | none |" in chapter([replace(ONE, with_counterpart=0, right=0)])
