"""Kernel graph cuts on any graph: alpha-beta swaps, and means that move with their members."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from terrakin.registry import require

__all__ = ["Nodes", "cut"]

_UNITS = 1000
# Capacities of the flow are whole numbers: thousandths.

_STEPS = 500
# Most steps of the fixed point of a mean; it takes a few dozen.

_SETTLED = 1e-6
# A mean that moves by less has settled.

_SAME = 1e-12
# Share of the largest squared difference up to which values differ by rounding alone.

_LARGEST = 1 << 30
# Sum of all capacities at most, so that no flow is beyond 32 bits.


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """What is to be labelled."""

    values: NDArray[np.float64]
    """(N, B) of each node."""
    weights: NDArray[np.float64]
    """(N,) how much each counts."""
    pairs: NDArray[np.int64]
    """(P, 2) neighbours, each pair once."""
    lengths: NDArray[np.float64]
    """(P,) how much each pair counts."""


def cut(nodes: Nodes, *, labels: int, smoothness: float = 0.5, rounds: int = 6) -> tuple[NDArray[np.int64], list[list[float]]]:
    """Label nodes so that each is like its label's mean, and like its neighbours.

    The energy is the sum of w_p 2 (1 - exp(-|x_p - m|^2 / s)) over nodes, m the mean of p's label, and of smoothness times
    length times V over pairs, V = min(1, |m - m'|^2 / c). s is 20 times the median squared difference of neighbours, c the
    median of those of the first means. V is no metric, so labels are swapped pair by pair; it keeps its values for a whole
    round, and within a round no step raises the energy.

    Args:
        nodes: what is to be labelled. The result does not depend on their order.
        labels: how many labels, at least 1.
        smoothness: weight of the pairs.
        rounds: most rounds.

    Returns:
        Labels (N,), and the energies after each step of each round, the first that before it.
    """
    order = np.lexsort(np.column_stack([nodes.weights, nodes.values[:, ::-1]]).T)
    means = _first_means(nodes.values[order], nodes.weights[order], labels)
    scale = _scale(nodes)
    chosen = np.argmin(_data(nodes, means, scale), axis=1)
    between = _squares(means, means)
    truncation = float(np.median(between[np.triu_indices(len(means), 1)])) if len(means) > 1 else 1.0
    falls: list[list[float]] = []
    for _ in range(rounds):
        before = chosen
        unlike = smoothness * np.minimum(1, _squares(means, means) / truncation)
        data = _data(nodes, means, scale)
        steps = [_energy(nodes, chosen, data, unlike)]
        for pair in combinations(range(len(means)), 2):
            chosen = _swapped(nodes, chosen, data, unlike, pair)
            steps.append(_energy(nodes, chosen, data, unlike))
        means = _moved(nodes, chosen, means, scale)
        steps.append(_energy(nodes, chosen, _data(nodes, means, scale), unlike))
        falls.append(steps)
        if (chosen == before).all():
            break
    return chosen, falls


def _first_means(values: NDArray[np.float64], weights: NDArray[np.float64], labels: int) -> NDArray[np.float64]:
    """k-means from the weighted mean's farthest values, each far from those before; fewer where there are fewer values."""
    distinct = np.unique(values, axis=0)
    means = [distinct[np.argmax(_squares(distinct, np.average(values, axis=0, weights=weights)[None])[:, 0])]]
    spread = _squares(distinct, means[0][None]).max()
    while len(means) < labels:
        apart = _squares(distinct, np.stack(means)).min(axis=1)
        if apart.max() <= _SAME * spread:
            break
        means.append(distinct[np.argmax(apart)])
    centres = np.stack(means)
    for _ in range(50):
        nearest = np.argmin(_squares(values, centres), axis=1)
        held = np.bincount(nearest, weights, minlength=len(centres))
        sums = np.stack([np.bincount(nearest, weights * column, minlength=len(centres)) for column in values.T], axis=1)
        moved = np.where(held[:, None] > 0, sums / np.maximum(held, 1e-300)[:, None], centres)
        if np.allclose(moved, centres, rtol=0, atol=1e-9):
            break
        centres = moved
    return centres


def _scale(nodes: Nodes) -> float:
    """The kernel's: 20 times the median squared difference of neighbours, of all unlike ones where most are the same."""
    differences = ((nodes.values[nodes.pairs[:, 0]] - nodes.values[nodes.pairs[:, 1]]) ** 2).sum(axis=1)
    if not differences.any():
        return 1.0
    median, least = float(np.median(differences)), _SAME * differences.max()
    return 20 * (median if median > least else float(np.median(differences[differences > least])))


def _data(nodes: Nodes, means: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """What each node costs under each label: (N, L)."""
    return nodes.weights[:, None] * 2 * -np.expm1(-_squares(nodes.values, means) / scale)


def _energy(nodes: Nodes, chosen: NDArray[np.int64], data: NDArray[np.float64], unlike: NDArray[np.float64]) -> float:
    ends = chosen[nodes.pairs]
    return float(data[np.arange(len(chosen)), chosen].sum() + (nodes.lengths * unlike[ends[:, 0], ends[:, 1]]).sum())


def _swapped(
    nodes: Nodes, chosen: NDArray[np.int64], data: NDArray[np.float64], unlike: NDArray[np.float64], pair: tuple[int, int]
) -> NDArray[np.int64]:
    """The best way to share the nodes of two labels between these two; as before where that is no better."""
    member = np.isin(chosen, pair)
    if not member.any():
        return chosen
    costs = data[:, pair].copy()
    for here, there in (nodes.pairs.T, nodes.pairs.T[::-1]):
        leaving = member[here] & ~member[there]
        np.add.at(costs, here[leaving], nodes.lengths[leaving, None] * unlike[pair, :][:, chosen[there[leaving]]].T)
    place = np.cumsum(member) - 1
    inner = member[nodes.pairs].all(axis=1)
    first = _cheapest(costs[member], place[nodes.pairs[inner]], nodes.lengths[inner] * unlike[pair])
    proposed = chosen.copy()
    proposed[member] = np.where(first, *pair)
    # Capacities are rounded, so that the cut of least capacity can be one of a little more energy.
    better = _energy(nodes, proposed, data, unlike) < _energy(nodes, chosen, data, unlike)
    return proposed if better else chosen


def _cheapest(costs: NDArray[np.float64], pairs: NDArray[np.int64], lengths: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which nodes take the first of two labels, of costs (N, 2) and what it costs each pair to differ: (N,)."""
    sparse, graphs = require("scipy.sparse", extra="regions"), require("scipy.sparse.csgraph", extra="regions")
    count = len(costs)
    source, sink, every = count, count + 1, np.arange(count)
    # What both labels cost is no choice.
    costs = costs - costs.min(axis=1, keepdims=True)
    units = min(_UNITS, _LARGEST / max(1.0, float(costs.sum() + 2 * lengths.sum())))
    starts = np.concatenate([np.full(count, source), every, pairs[:, 0], pairs[:, 1]])
    ends = np.concatenate([every, np.full(count, sink), pairs[:, 1], pairs[:, 0]])
    capacities = np.concatenate([costs[:, 1], costs[:, 0], lengths, lengths])
    whole = np.rint(capacities * units).astype(np.int32)
    network = sparse.csr_array((whole, (starts, ends)), shape=(count + 2, count + 2))
    flow = graphs.maximum_flow(network, source, sink).flow
    # Of several cheapest cuts, the one of the fewest nodes with the source: it does not depend on how the flow was found.
    left = network - flow
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    reached = np.zeros(count + 2, dtype=np.bool_)
    reached[graphs.breadth_first_order(left, source, return_predecessors=False)] = True
    return reached[:count]


def _moved(nodes: Nodes, chosen: NDArray[np.int64], means: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """The means of the labels' members in the kernel's space, by the fixed point; a label without members keeps its own."""
    moved = means.copy()
    for label in range(len(means)):
        members = chosen == label
        values, weights = nodes.values[members], nodes.weights[members]
        for _ in range(_STEPS if members.any() else 0):
            near = weights * np.exp(-_squares(values, moved[label][None])[:, 0] / scale)
            if not near.sum() > 0:
                break
            before, moved[label] = moved[label].copy(), near @ values / near.sum()
            if np.abs(moved[label] - before).max() < _SETTLED:
                break
    return moved


def _squares(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances of (N, B) and (M, B): (N, M)."""
    squares: NDArray[np.float64] = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    return squares
