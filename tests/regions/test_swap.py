import itertools

import numpy as np
import pytest

from terrakin.regions.kernel_graph_cut import KernelGraphCut
from terrakin.regions.segment import segment
from terrakin.regions.swap import Nodes, _cheapest, cut


def lattice(seed: int, *, side: int = 8, bands: int = 2) -> Nodes:
    rng = np.random.default_rng(seed)
    number = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [np.stack([number[:, :-1], number[:, 1:]], -1).reshape(-1, 2), np.stack([number[:-1], number[1:]], -1).reshape(-1, 2)]
    )
    return Nodes(
        rng.random((side * side, bands)) * 50, rng.uniform(50, 200, side * side), pairs, rng.uniform(5, 30, len(pairs))
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_energy_never_rises_within_a_round(seed) -> None:
    _, rounds = cut(lattice(seed), labels=5)
    for steps in rounds:
        assert all(later <= earlier * (1 + 1e-12) for earlier, later in itertools.pairwise(steps))
    assert rounds[0][-1] < rounds[0][0]


def test_one_label_is_one_label() -> None:
    assert not cut(lattice(0), labels=1)[0].any()


def test_smoothness_makes_fewer_borders() -> None:
    nodes = lattice(1)
    lengths = []
    for smoothness in (0.0, 0.1, 0.5):
        ends = cut(nodes, labels=4, smoothness=smoothness)[0][nodes.pairs]
        lengths.append(nodes.lengths[ends[:, 0] != ends[:, 1]].sum())
    assert lengths[0] > lengths[1] > lengths[2]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_nodes_does_not_matter(seed) -> None:
    nodes = lattice(seed)
    order = np.random.default_rng(9).permutation(len(nodes.values))
    place = np.argsort(order)
    mixed = Nodes(nodes.values[order], nodes.weights[order], place[nodes.pairs][::-1, ::-1], nodes.lengths[::-1])
    assert np.array_equal(cut(mixed, labels=5)[0], cut(nodes, labels=5)[0][order])


def test_the_cheapest_labels_are_those_of_trying_all() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        costs, pairs, lengths = rng.random((5, 2)), np.array([[0, 1], [1, 2], [2, 3], [3, 4], [0, 4]]), rng.random(5)
        every = [np.array(first) for first in itertools.product([True, False], repeat=5)]

        def cost(first, costs=costs, pairs=pairs, lengths=lengths):
            return np.where(first, *costs.T).sum() + (lengths * (first[pairs[:, 0]] != first[pairs[:, 1]])).sum()

        assert cost(_cheapest(costs, pairs, lengths)) == pytest.approx(min(map(cost, every)), abs=0.01)


def test_an_image_of_two_colours_is_cut_exactly() -> None:
    image = np.empty((40, 60, 3))
    image[:, :25], image[:, 25:] = (0.1, 0.6, 0.1), (0.7, 0.3, 0.2)
    labels = segment(image, KernelGraphCut())
    assert np.array_equal(labels, np.tile(np.arange(60) >= 25, (40, 1)))


def test_settings_change_what_comes_out(image) -> None:
    few, many = (segment(image, KernelGraphCut(labels=labels), min_area=4).max() for labels in (2, 8))
    assert few < many
    assert segment(image, KernelGraphCut(smoothness=100.0), min_area=4).max() < many
    assert not np.array_equal(
        segment(image, KernelGraphCut(segments=50), min_area=4), segment(image, KernelGraphCut(), min_area=4)
    )
