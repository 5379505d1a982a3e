"""The shipped models, on a part of a data set beside the checkout so that it takes seconds.

On the whole sets the off-the-shelf yardstick gives UCM mAP 0.570, P@10 0.844 and RSSCN7 0.450, 0.778, to 0.005, and the default
model 0.673, 0.884 and 0.636, 0.862; `docs/models.md` has the figures.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from terrakin.bundles.bundle import open_bundle
from terrakin.bundles.reducer import fit
from terrakin.spaces.kinds import distances

IMAGES = Path(__file__).parents[2] / "../shared/data/UCM/Images"
PER_CLASS = 10


def quality(bundle, values: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Leave-one-out mAP and P@5 by a plain loop."""
    vectors = bundle.embed(values)
    every = distances(bundle.passport.space, vectors, vectors)
    precisions, averages = [], []
    for query, row in enumerate(every):
        order = [item for item in np.argsort(row, kind="stable") if item != query]
        relevant = labels[order] == labels[query]
        ranks = np.flatnonzero(relevant) + 1
        averages.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))
        precisions.append(relevant[:5].mean())
    return float(np.mean(averages)), float(np.mean(precisions))


@pytest.fixture(scope="module")
def part() -> tuple[np.ndarray, np.ndarray]:
    """Ten images of each class, (210, 3, 224, 224) in [0, 1], and their classes."""
    if not IMAGES.exists():
        pytest.skip("the UCM data set is not beside the checkout")
    files = [file for folder in sorted(IMAGES.iterdir()) for file in sorted(folder.iterdir())[:PER_CLASS]]
    return np.stack([read(file) for file in files]), np.array([file.parent.name for file in files])


@pytest.mark.shared
def test_the_off_the_shelf_bundle_gives_the_yardsticks_figures(part):
    values, labels = part
    bundle = open_bundle("imagenet-mobilenetv2")
    # Recorded from a script of Pillow, onnxruntime and NumPy alone.
    assert quality(bundle, values, labels) == pytest.approx((0.7348, 0.7810), abs=0.005)
    reduced = bundle.with_reducer(fit([bundle.raw(values)], size=64))
    assert quality(reduced, values, labels) == pytest.approx((0.7595, 0.8114), abs=0.005)


@pytest.mark.shared
def test_the_default_bundle_gives_the_figures_that_it_was_shipped_with(part):
    assert quality(open_bundle("aid-mobilenetv2"), *part) == pytest.approx((0.8118, 0.8514), abs=0.005)


def read(file: Path) -> np.ndarray:
    """(3, 224, 224) float32 in [0, 1]."""
    image = Image.open(file).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32).transpose(2, 0, 1) / 255
