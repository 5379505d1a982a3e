"""The real scenes beside the checkout."""

from collections import Counter
from pathlib import Path

import pytest

from terrakin.scenes.find import find, open_scene
from terrakin.scenes.scene import Candidate

DATA = Path(__file__).parents[2] / "../shared/data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="the data sets beside the checkout are missing"),
]


def test_every_real_scene_is_found_and_opened() -> None:
    found = list(find(DATA / "scenes"))
    candidates = [c for c in found if isinstance(c, Candidate)]
    assert len(candidates) == len(found), "something was skipped"
    assert Counter(c.source for c in candidates) == {"raster": 16, "bands": 8, "stac": 6, "image": 1}
    scenes = {scene.key: scene for scene in map(open_scene, candidates)}
    assert len(scenes) == len(candidates)
    assert scenes["landsat5-bands/LT52240631988227CUB02"].sensor == "landsat-5"
    assert scenes["multidate/m_4709963_se_14_1_20090818.tif"].sensor == "naip"
    patches = [scene for key, scene in scenes.items() if key.startswith("bigearthnet/")]
    assert all(len(patch.bands) == 12 and patch.labels and patch.datetime for patch in patches)


def test_a_real_folder_of_classes_is_labelled() -> None:
    labels = Counter(c.labels for c in find(DATA / "UCM" / "Images") if isinstance(c, Candidate))
    assert set(labels.values()) == {100}
    assert len(labels) == 21
