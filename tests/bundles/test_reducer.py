"""The reducer: principal components, in one pass, from file to file."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.bundles.passport import Reduction
from terrakin.bundles.reducer import fit, parse_reducer, read_reducer, write_reducer
from terrakin.errors import BundleError
from terrakin.spaces.kinds import distances as packed_distances
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

ROWS = (np.random.default_rng(1).normal(size=(60, 12)) * np.linspace(3, 0.2, 12) + 1).astype(np.float32)


def expected(rows: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Projections and standard deviations by the singular values of centred unit rows."""
    unit = rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    centred = unit - unit.mean(axis=0)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    directions = np.stack([row if row[np.abs(row).argmax()] > 0 else -row for row in directions[:size]])
    return centred @ directions.T, values[:size] / np.sqrt(len(rows))


@pytest.mark.parametrize("size", [1, 4, 12])
def test_it_is_pca_of_unit_rows(size):
    reducer = fit([ROWS], size=size)
    np.testing.assert_allclose(reducer.apply(ROWS), expected(ROWS, size)[0], atol=1e-5)
    assert reducer.provenance == Reduction("pca", 12, size, "archive", reducer.provenance.digest)


def test_whitening_gives_every_direction_the_same_variance():
    projected, deviations = expected(ROWS, 4)
    reducer = fit([ROWS], size=4, whiten=True, fitted_on="rows")
    np.testing.assert_allclose(reducer.apply(ROWS), projected / deviations, atol=1e-4)
    np.testing.assert_allclose(reducer.apply(ROWS).std(axis=0), 1, atol=1e-5)
    assert (reducer.provenance.kind, reducer.provenance.fitted_on) == ("pca-whitened", "rows")


def test_whitening_does_not_blow_up_directions_without_variance():
    flat = np.array(ROWS)
    flat[:, 6:] = 0
    assert np.abs(fit([flat], size=9, whiten=True).apply(flat)[:, 6:]).max() < 1


@given(st.permutations(range(60)))
def test_signs_do_not_depend_on_the_order_of_rows(order):
    fitted, again = fit([ROWS], size=12), fit([ROWS[list(order)]], size=12)
    assert (np.sign(again.components) == np.sign(fitted.components))[np.abs(fitted.components) > 1e-4].all()
    # Components are kept in float32: one unit in the last place of 1 is 6e-8.
    np.testing.assert_allclose(again.components, fitted.components, rtol=0, atol=2.0**-23)
    assert (fitted.components[range(12), np.abs(fitted.components).argmax(axis=1)] > 0).all()


def test_a_flipped_component_changes_pearson_and_not_cosine():
    reduced = fit([ROWS], size=6).apply(ROWS)
    flipped = reduced * np.array([1, 1, -1, 1, 1, 1], np.float32)
    cosine, pearson = Space("cosine", 6), Space("pearson", 6)

    def distances(space, rows):
        packed = pack(space, rows)
        return packed_distances(space, packed, packed)

    np.testing.assert_array_equal(distances(cosine, flipped), distances(cosine, reduced))
    assert np.abs(distances(pearson, flipped) - distances(pearson, reduced)).max() > 0.1


@given(st.lists(st.integers(0, 60), max_size=6))
def test_batches_do_not_matter(cuts):
    whole, parts = fit([ROWS], size=4), fit(np.split(ROWS, sorted(cuts)), size=4)
    np.testing.assert_allclose(parts.components, whole.components, atol=1e-6)
    np.testing.assert_allclose(parts.mean, whole.mean, atol=1e-6)


def test_it_is_fitted_in_one_pass():
    fit((ROWS[at : at + 9] for at in range(0, 60, 9)), size=4)


def test_lengths_do_not_matter_and_no_row_is_changed():
    before = ROWS.copy()
    scaled = ROWS * np.linspace(0.1, 50, 60, dtype=np.float32)[:, None]
    np.testing.assert_allclose(fit([scaled], size=4).apply(scaled), fit([ROWS], size=4).apply(ROWS), atol=1e-5)
    np.testing.assert_array_equal(ROWS, before)


def test_a_zero_row_is_reduced_without_warning():
    reducer = fit([np.vstack([ROWS, np.zeros((1, 12), np.float32)])], size=4)
    assert np.isfinite(reducer.apply(np.zeros((1, 12), np.float32))).all()


@pytest.mark.parametrize(
    ("batches", "size", "words"),
    [
        ([], 4, "there are no embeddings; index something first"),
        ([ROWS[:0]], 4, "there are no embeddings"),
        ([ROWS[:4]], 4, "a reducer to 4 dimensions needs more than 4 embeddings, got 4; choose a smaller size"),
        ([ROWS], 13, "cannot reduce embeddings of 12 dimensions to 13; choose 1 to 12"),
        ([ROWS], 0, "cannot reduce embeddings of 12 dimensions to 0"),
        ([np.ones((60, 12), np.float32)], 4, "all 60 embeddings are the same"),
        ([np.full((60, 12), np.nan, np.float32)], 4, "an embedding holds NaN or infinity"),
    ],
)
def test_what_cannot_be_fitted_says_why(batches, size, words):
    with pytest.raises(BundleError, match=words):
        fit(batches, size=size)


def test_wrong_shapes_are_the_callers_mistake():
    with pytest.raises(ValueError, match=r"batches have the shape \(N, D\) with one D, got \(60, 5\)"):
        fit([ROWS, ROWS[:, :5]], size=4)
    with pytest.raises(ValueError, match=r"this reducer takes vectors \(N, 12\), got \(60, 5\)"):
        fit([ROWS], size=4).apply(ROWS[:, :5])


@pytest.mark.parametrize("whiten", [False, True])
def test_what_is_written_is_read(whiten):
    reducer = fit([ROWS], size=4, whiten=whiten)
    again = read_reducer(write_reducer(reducer), reducer.provenance)
    np.testing.assert_array_equal(again.apply(ROWS), reducer.apply(ROWS))
    assert again.provenance == reducer.provenance
    assert write_reducer(again) == write_reducer(reducer)


def saved(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


MEAN, COMPONENTS = np.zeros(12, np.float32), np.zeros((4, 12), np.float32)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"reducer\.npz is not a readable zip"),
        (saved(mean=MEAN), r"reducer\.npz lacks components\.npy"),
        (saved(mean=MEAN, components=COMPONENTS, more=MEAN), r"reducer\.npz holds 'more\.npy'; expected at its top only"),
        (saved(mean=MEAN, components=COMPONENTS[:3]), r"float32 \(3, 12\); the passport promises float32 \(4, 12\)"),
        (saved(mean=MEAN.astype("f8"), components=COMPONENTS), r"mean\.npy in reducer\.npz is float64 \(12,\)"),
        (saved(mean=MEAN, components=np.array([[print]], object)), r"components\.npy in reducer\.npz is object"),
        (saved(mean=MEAN + np.float32("nan"), components=COMPONENTS), "holds NaN or infinity"),
        (saved(mean=MEAN, components=COMPONENTS), "is not the reducer that the passport names: sha256 differs"),
    ],
)
def test_a_file_that_is_not_the_passports_is_refused(content, words):
    with pytest.raises(BundleError, match=words):
        read_reducer(content, Reduction("pca", 12, 4, "archive", "0" * 64))


@given(st.data())
def test_a_damaged_file_is_refused(data):
    reducer = fit([ROWS], size=2)
    array = io.BytesIO()
    np.lib.format.write_array(array, reducer.mean)
    damaged = bytearray(array.getvalue())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    file = io.BytesIO()
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mean.npy", bytes(damaged))
        archive.writestr("components.npy", b"")
    with pytest.raises(BundleError):
        read_reducer(file.getvalue(), reducer.provenance)


@pytest.mark.parametrize("words", ["", "pca", "pca:", "pca:0", "pca:-1", "pca:64.0", "PCA:64", "pca:999999", "umap:2"])
def test_reducers_that_nobody_has_are_refused(words):
    with pytest.raises(BundleError, match=r"a reducer is pca:SIZE or pca-whitened:SIZE, such as pca:64, got"):
        parse_reducer(words)
