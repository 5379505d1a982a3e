"""The tool that makes a model of the mean over eight orientations."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from terrakin.bundles.bundle import Bundle, open_bundle

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plain() -> Bundle:
    return open_bundle("imagenet-mobilenetv2")


@pytest.fixture(scope="module")
def turned(plain: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    specification = importlib.util.spec_from_file_location("turned_model", ROOT / "tools/turned_model.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    path = tmp_path_factory.mktemp("turned") / "turned"
    module.turned(plain, "turned").save(path)
    return open_bundle(path)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((2, 3, 64, 64)).astype(np.float32)


def test_embeds_the_mean_over_turned_and_mirrored_images(plain: Bundle, turned: Bundle, images: np.ndarray):
    embeddings = []
    for quarters in range(4):
        for image in (np.rot90(images, quarters, (2, 3)), np.rot90(images, quarters, (2, 3))[..., ::-1]):
            one = plain.raw(np.ascontiguousarray(image))
            embeddings.append(one / np.linalg.norm(one, axis=1, keepdims=True))
    assert np.allclose(turned.raw(images), np.mean(embeddings, axis=0), atol=1e-6)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turning_an_image_changes_nothing(plain: Bundle, turned: Bundle, images: np.ndarray, quarters: int):
    again = np.ascontiguousarray(np.rot90(images, quarters, (2, 3)))
    assert np.allclose(turned.raw(again), turned.raw(images), atol=1e-6)
    assert not np.allclose(plain.raw(again), plain.raw(images), atol=1e-3)


def test_the_new_bundle_says_what_it_gives(turned: Bundle):
    assert turned.passport.outputs == ("embedding",)
    turned.self_check()
