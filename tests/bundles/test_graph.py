"""Running a graph: in blocks, from several threads, after its self-test."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from terrakin.bundles import graph as graph_module
from terrakin.bundles.graph import Graph, self_test_image, self_test_values
from terrakin.errors import BundleError


@pytest.fixture
def passport_and_model(tiny_graph, passport):
    model = tiny_graph().SerializeToString()
    return replace(passport, self_test=self_test_values(model, passport)), model


def test_the_embedding_is_the_networks_on_normalised_pixels(passport_and_model, weights, images):
    passport, model = passport_and_model
    bands = (images.mean(axis=(2, 3)) - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.5]
    before = images.copy()
    np.testing.assert_allclose(Graph(model, passport).run("embedding", images), bands @ weights.T, atol=1e-5)
    np.testing.assert_array_equal(images, before)


def test_features_keep_their_place(passport_and_model, weights, images):
    passport, model = passport_and_model
    normalised = (images - np.reshape([0.5, 0.4, 0.3], (3, 1, 1))) / np.reshape([0.2, 0.25, 0.5], (3, 1, 1))
    expected = np.einsum("dc,nchw->ndhw", weights, normalised)
    np.testing.assert_allclose(Graph(model, passport).run("features", images), expected, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_any_number_of_images_gives_a_row_each(passport_and_model, images, count):
    passport, model = passport_and_model
    graph = Graph(model, passport)
    rows = graph.run("embedding", images[:count])
    assert rows.shape == (count, 12)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, graph.run("embedding", images)[:count], atol=1e-6)


def test_threads_share_one_session(passport_and_model, images, monkeypatch):
    passport, model = passport_and_model
    opened = []
    monkeypatch.setattr(
        graph_module, "open_session", lambda *args, real=graph_module.open_session: opened.append(1) or real(*args)
    )
    graph = Graph(model, passport)
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda image: graph.run("embedding", image[None]), np.tile(images, (8, 1, 1, 1))))
    np.testing.assert_allclose(np.concatenate(rows), np.tile(graph.run("embedding", images), (8, 1)), atol=1e-6)
    assert opened == [1]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.zeros((3, 16, 16), np.float32), r"float32 \(3, 16, 16\)"),
        (np.zeros((1, 4, 16, 16), np.float32), r"float32 \(1, 4, 16, 16\)"),
        (np.zeros((1, 3, 16, 16), np.uint8), r"uint8 \(1, 3, 16, 16\)"),
    ],
)
def test_other_values_are_refused(passport_and_model, values, found):
    passport, model = passport_and_model
    with pytest.raises(ValueError, match=rf"tiny-net reads float32 \(N, 3, H, W\), got {found}"):
        Graph(model, passport).run("embedding", values)


def test_an_unknown_output_is_refused(passport_and_model, images):
    passport, model = passport_and_model
    with pytest.raises(ValueError, match="tiny-net has no output 'codes'; it has embedding, features"):
        Graph(model, passport).run("codes", images)


def test_a_graph_with_other_values_fails_its_self_test_every_time(passport_and_model, images):
    passport, model = passport_and_model
    off = tuple(value + 0.01 for value in passport.self_test)
    graph = Graph(model, replace(passport, self_test=off))
    for attempt in (lambda: graph.run("embedding", images), graph.self_check, graph.self_check):
        with pytest.raises(BundleError, match=r"tiny-net fails its self-test: a mean is off by 0\.01, allowed are 0\.0031"):
            attempt()


def test_rounding_passes_the_self_test(passport_and_model):
    passport, model = passport_and_model
    near = tuple(value + 0.0005 for value in passport.self_test)
    Graph(model, replace(passport, self_test=near)).self_check()


def test_the_self_test_image_is_the_same_everywhere(passport):
    image = self_test_image(passport)
    assert image.shape == (1, 3, 16, 16)
    assert image.dtype == np.float32
    assert (image * 255).round().astype(int)[0, :, 5, :4].tolist() == [[5, 4, 7, 6], [42, 43, 40, 41], [79, 78, 77, 76]]
    assert image.min() >= 0
    assert self_test_image(replace(passport, input_size=300)).max() == 1


def test_the_self_test_means_take_in_every_dimension(tiny_graph, passport, weights):
    image = self_test_image(passport)
    bands = (image.mean(axis=(2, 3)) - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.5]
    expected = [part.mean() for part in np.array_split((bands @ weights.T)[0], 8)]
    np.testing.assert_allclose(self_test_values(tiny_graph().SerializeToString(), passport), expected, atol=1e-5)
