"""What every shipped bundle must do."""

from functools import cache

import numpy as np
import pytest

from terrakin.bundles import passport_json
from terrakin.bundles.bundle import BUNDLES, Bundle, open_bundle
from terrakin.bundles.reducer import fit
from terrakin.registry import Registry

NAMES = sorted(BUNDLES)
pytestmark = pytest.mark.parametrize("name", NAMES)

ROW_TOLERANCE = 1e-5
# Rows of one image in batches of different sizes, for float32.


@cache
def opened(name: str) -> Bundle:
    return open_bundle(name)


def images(name: str, count: int, size: int | None = None) -> np.ndarray:
    """Smooth random images, (count, C, H, W) in [0, 1]."""
    passport = opened(name).passport
    size = size or passport.input_size
    coarse = np.random.default_rng(11).random((count, len(passport.bands), 8, 8), dtype=np.float32)
    return np.repeat(np.repeat(coarse, size // 8, axis=2), size // 8, axis=3)


def test_its_name_is_its_passports(name):
    assert opened(name).passport.name == name


def test_its_passport_goes_there_and_back(name):
    passport = opened(name).passport
    assert passport_json.read(passport_json.write(passport)) == passport


def test_it_passes_its_self_test(name):
    opened(name).self_check()


def test_the_batch_is_free_and_does_not_matter(name):
    bundle, three = opened(name), images(name, 3)
    rows = bundle.embed(three)
    assert rows.shape == (3, bundle.passport.space.width)
    assert rows.dtype == bundle.passport.space.dtype
    np.testing.assert_allclose(np.concatenate([bundle.embed(one[None]) for one in three]), rows, atol=ROW_TOLERANCE)
    assert bundle.embed(three[:0]).shape == (0, bundle.passport.space.width)


def test_images_that_differ_embed_differently(name):
    rows = opened(name).embed(images(name, 3))
    assert len(np.unique(rows, axis=0)) == 3


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_image_of_one_colour_has_an_embedding(name, level):
    assert np.isfinite(opened(name).embed(np.full_like(images(name, 1), level))).all()


def test_the_outputs_are_as_promised(name):
    bundle, two = opened(name), images(name, 2)
    assert bundle.raw(two).shape == (2, bundle.passport.embedding_size)
    if "features" in bundle.passport.outputs:
        assert bundle.features(two).ndim == 4


def test_it_can_be_reduced_and_saved(name, tmp_path):
    bundle, twelve = opened(name), images(name, 12)
    if bundle.passport.space.kind != "cosine":
        pytest.skip("a reducer needs cosine")
    reduced = bundle.with_reducer(fit([bundle.raw(twelve)], size=8))
    reduced.save(tmp_path / "reduced.zip")
    np.testing.assert_array_equal(open_bundle(tmp_path / "reduced.zip").embed(twelve), reduced.embed(twelve))


def test_its_card_names_what_a_user_must_know(name):
    bundle = opened(name)
    assert bundle.passport.licence in bundle.card
    for heading in ("## Origin", "## Intended use", "## Limits", "## Figures"):
        assert heading in bundle.card


def test_it_is_small_enough_to_ship(name):
    files = list(BUNDLES[name].iterdir())
    assert {file.name for file in files} <= {"passport.json", "model.onnx", "reducer.npz", "card.md"}
    assert sum(file.stat().st_size for file in files) <= 12_000_000


def test_a_third_party_cannot_take_its_name(name):
    assert isinstance(BUNDLES, Registry)
    assert BUNDLES[name].is_relative_to(BUNDLES["imagenet-mobilenetv2"].parent)
