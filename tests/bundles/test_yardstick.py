"""The off-the-shelf yardstick, on a part of a data set beside the checkout so that it takes seconds.

The whole sets give UCM mAP 0.570, P@10 0.844 and RSSCN7 0.450, 0.778, to 0.005; the card has the figures.
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


@pytest.mark.shared
@pytest.mark.skipif(not IMAGES.exists(), reason="the UCM data set is not beside the checkout")
def test_the_off_the_shelf_bundle_gives_the_yardsticks_figures():
    files = [file for folder in sorted(IMAGES.iterdir()) for file in sorted(folder.iterdir())[:PER_CLASS]]
    values = np.stack([read(file) for file in files])
    labels = np.array([file.parent.name for file in files])
    bundle = open_bundle("imagenet-mobilenetv2")
    # Recorded from a script of Pillow, onnxruntime and NumPy alone.
    assert quality(bundle, values, labels) == pytest.approx((0.7348, 0.7810), abs=0.005)
    reduced = bundle.with_reducer(fit([bundle.raw(values)], size=64))
    assert quality(reduced, values, labels) == pytest.approx((0.7595, 0.8114), abs=0.005)


def read(file: Path) -> np.ndarray:
    """(3, 224, 224) float32 in [0, 1]."""
    image = Image.open(file).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32).transpose(2, 0, 1) / 255
