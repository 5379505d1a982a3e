"""`[export] space`: a bundle whose embeddings compare by Pearson's correlation, or as bits."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from terrakin.bundles.bundle import open_bundle
from terrakin.errors import RecipeError
from terrakin.training.finish import finish
from terrakin.training.images import Images
from terrakin.training.loop import fit
from terrakin.training.recipe import Recipe
from terrakin.training.train import check


def test_a_bundle_compares_as_its_recipe_says(recipe: Callable[..., Recipe], images: Images, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    chosen = recipe("export.space=pearson")
    finish(chosen, images, fit(chosen, images, tmp_path / "run"), tmp_path / "run", tmp_path / "b")
    bundle = open_bundle(tmp_path / "b")
    assert (bundle.passport.space.kind, bundle.passport.space.size) == ("pearson", 8)
    values = np.random.default_rng(0).random((2, 3, 16, 16), dtype=np.float32)
    one, other = bundle.embed(values).astype(np.float64)
    assert one @ other == pytest.approx(np.corrcoef(bundle.raw(values))[0, 1], abs=1e-6)


def test_a_bundle_of_codes_stores_their_signs(recipe: Callable[..., Recipe], images: Images, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    chosen = recipe("head={name='hash', bits=16}", "loss=[{name='hashing'}]", "export.space=hamming")
    finish(chosen, images, fit(chosen, images, tmp_path / "run"), tmp_path / "run", tmp_path / "b")
    bundle = open_bundle(tmp_path / "b")
    assert (bundle.passport.space.kind, bundle.passport.space.size) == ("hamming", 16)
    values = np.random.default_rng(0).random((2, 3, 16, 16), dtype=np.float32)
    assert np.array_equal(np.unpackbits(bundle.embed(values), axis=1, bitorder="little"), bundle.raw(values) > 0)


def test_bits_fill_bytes(recipe: Callable[..., Recipe], images: Images) -> None:
    with pytest.raises(RecipeError, match=r"space hamming fills bytes, but the head gives 12 values; take a multiple of 8"):
        check(recipe("head.parts=[12]", "export.space=hamming"), images)


def test_components_are_for_cosine(recipe: Callable[..., Recipe]) -> None:
    words = r"\[export\] reducer pca:4 gives embeddings that compare by cosine, not by pearson; take one of the two out"
    with pytest.raises(RecipeError, match=words):
        recipe("export.space=pearson", "export.reducer=pca:4")
    with pytest.raises(RecipeError, match=r"\[export\] space is 'cosine' or 'pearson' or 'hamming', got 'l2'"):
        recipe("export.space=l2")
