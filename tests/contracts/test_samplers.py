"""What every sampler does."""

from collections import Counter

import numpy as np
import pytest

from terrakin.errors import RecipeError
from terrakin.training.samplers.known import SAMPLERS

NAMES = list(SAMPLERS)
LABELS = np.repeat(np.arange(6), [3, 40, 17, 8, 25, 27]).astype(np.int64)[np.random.default_rng(5).permutation(120)]


@pytest.mark.parametrize("name", NAMES)
class TestEverySampler:
    def test_rows_are_positions_in_the_labels(self, name: str) -> None:
        sampler = SAMPLERS[name](LABELS, 16, 0)
        for step in (0, 1, 7, 1000):
            rows = sampler.rows(step)
            assert rows.dtype == np.int64
            assert rows.shape == (16,)
            assert rows.min() >= 0
            assert rows.max() < len(LABELS)

    def test_rows_depend_on_seed_and_step_alone(self, name: str) -> None:
        first, second = SAMPLERS[name](LABELS, 16, 3), SAMPLERS[name](LABELS, 16, 3)
        forward = [first.rows(step) for step in range(30)]
        backward = [second.rows(step) for step in reversed(range(30))]
        assert np.array_equal(forward, backward[::-1])

    def test_another_seed_or_step_gives_other_rows(self, name: str) -> None:
        some = {tuple(SAMPLERS[name](LABELS, 16, seed).rows(step).tolist()) for seed in range(3) for step in range(20)}
        assert len(some) == 60

    def test_an_epoch_is_as_long_as_its_images_allow(self, name: str) -> None:
        assert SAMPLERS[name](LABELS, 16, 0).steps == 7
        assert SAMPLERS[name](LABELS[:8], 8, 0, **({"images_per_class": 8} if name == "pk" else {})).steps == 1

    def test_in_the_long_run_every_image_comes(self, name: str) -> None:
        sampler = SAMPLERS[name](LABELS, 16, 0)
        come = np.concatenate([sampler.rows(step) for step in range(20 * sampler.steps)])
        assert set(come.tolist()) == set(range(len(LABELS)))

    def test_labels_are_not_modified(self, name: str) -> None:
        labels = LABELS.copy()
        labels.setflags(write=False)
        SAMPLERS[name](labels, 16, 0).rows(0)

    def test_nothing_to_train_on_is_told(self, name: str) -> None:
        with pytest.raises(RecipeError, match="there is no image to train on; lower the share of validation images"):
            SAMPLERS[name](LABELS[:0], 16, 0)

    def test_a_batch_holds_an_image(self, name: str) -> None:
        with pytest.raises(RecipeError, match="a batch holds at least 1 image, got 0"):
            SAMPLERS[name](LABELS, 0, 0)


def test_how_often_classes_come() -> None:
    """The property that tells the samplers apart; one that is not here has not said what it does."""
    ratio = {}
    for name in NAMES:
        sampler = SAMPLERS[name](LABELS, 16, 0)
        come = Counter(LABELS[np.concatenate([sampler.rows(step) for step in range(600)])].tolist())
        ratio[name] = max(come.values()) / min(come.values())
    assert ratio == {
        "balanced": pytest.approx(1, abs=0.01),
        "pk": pytest.approx(1, abs=0.1),
        "shuffled": pytest.approx(40 / 3, rel=0.1),
    }
