"""Where what lies in a generated scene: cells of one class each, with wavy common borders."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["CELL", "CLASSES", "Cell", "arrange", "share_out"]

CELL = 256
"""Width and height of a cell in metres, and in pixels at one metre a pixel."""

CLASSES = ("fields", "forest", "harbours", "houses", "roads", "water")
"""What a cell can be, sorted."""

SIDES = {"north": (-1, 0), "east": (0, 1), "south": (1, 0), "west": (0, -1)}
"""Row and column steps to the neighbours of a cell."""

_OPPOSITE = {"north": "south", "east": "west", "south": "north", "west": "east"}
_SHARES = {"fields": 3, "forest": 3, "harbours": 2, "houses": 3, "roads": 2, "water": 3}
_JITTER = 16.0
_WAVE = 7.0
_BEYOND = 40.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One region of a class."""

    row: int
    """Row of the grid, from the top."""
    col: int
    """Column of the grid, from the left."""
    label: str
    """One of `CLASSES`."""
    outline: np.ndarray
    """(P, 2) float64 x and y in pixels, not closed; reaches beyond the scene at its border, so that shapes run off it."""
    gates: Mapping[str, np.ndarray]
    """Side to the point (2,) where a road enters."""
    sea: str
    """The side that a harbour opens to."""

    @property
    def centre(self) -> np.ndarray:
        """(2,) float64, x and y of the middle of its grid square."""
        return np.array([(self.col + 0.5) * CELL, (self.row + 0.5) * CELL])


def share_out(cells: int, rng: np.random.Generator) -> dict[str, int]:
    """How many of `cells` each class gets: all classes from six cells on, a random choice of them below.

    >>> share_out(16, np.random.default_rng(0))
    {'fields': 3, 'forest': 3, 'harbours': 2, 'houses': 3, 'roads': 2, 'water': 3}
    """
    counts = dict.fromkeys(CLASSES, 0)
    for _ in range(cells):
        # The class furthest below its share comes next; the noise decides between equals.
        need = {label: (counts[label] + 0.5 if counts[label] else 0.0) / share for label, share in _SHARES.items()}
        counts[min(CLASSES, key=lambda label: need[label] + 1e-3 * rng.random())] += 1
    return counts


def arrange(rows: int, cols: int, counts: Mapping[str, int], rng: np.random.Generator) -> list[Cell]:
    """Cells of a grid of `rows` x `cols`, in row order, `counts[label]` of each class.

    Water lies together on one side, harbours on its shore, houses together, and roads run on through their neighbours.
    """
    labels = _assign(rows, cols, counts, rng)
    gates = _open_gates(labels, rng)
    edges = _wavy_edges(rows, cols, rng)
    return [
        Cell(
            row=row,
            col=col,
            label=labels[row, col],
            outline=_outline(edges, row, col),
            gates=gates[row, col],
            sea=_sea_side(labels, row, col, rng),
        )
        for row in range(rows)
        for col in range(cols)
    ]


def _assign(rows: int, cols: int, counts: Mapping[str, int], rng: np.random.Generator) -> np.ndarray:
    """(rows, cols) labels."""
    labels = np.full((rows, cols), "", dtype=object)
    free = {(row, col) for row in range(rows) for col in range(cols)}
    slope = rng.normal(size=2)
    ground = {place: float(np.dot(slope, place)) + 0.3 * rng.normal() for place in sorted(free)}
    town = rng.uniform((0, 0), (rows, cols))

    def take(label: str, rank: Mapping[tuple[int, int], float]) -> None:
        for place in sorted(free, key=lambda place: rank[place])[: counts[label]]:
            labels[place] = label
            free.discard(place)

    take("water", ground)
    dry = {place: float(not _beside(labels, place, "water")) + 0.5 * rng.random() for place in ground}
    take("harbours", dry)
    for _ in range(counts["roads"]):
        place = min(sorted(free), key=lambda place: _beside(labels, place, "roads") + rng.random())
        labels[place] = "roads"
        free.discard(place)
    take("houses", {place: float(np.hypot(*(town - place))) + 0.5 * rng.random() for place in ground})
    take("forest", {place: -height + rng.normal() for place, height in ground.items()})
    take("fields", ground)
    return labels


def _beside(labels: np.ndarray, place: tuple[int, int], label: str) -> bool:
    return any(_at(labels, place, step) == label for step in SIDES.values())


def _at(labels: np.ndarray, place: tuple[int, int], step: tuple[int, int]) -> str | None:
    row, col = place[0] + step[0], place[1] + step[1]
    inside = 0 <= row < labels.shape[0] and 0 <= col < labels.shape[1]
    return str(labels[row, col]) if inside else None


def _sea_side(labels: np.ndarray, row: int, col: int, rng: np.random.Generator) -> str:
    sides = list(rng.permutation(list(SIDES)))
    wet = [side for side in sides if _at(labels, (row, col), SIDES[side]) == "water"]
    border = [side for side in sides if _at(labels, (row, col), SIDES[side]) is None]
    return str((wet or border or sides)[0])


def _open_gates(labels: np.ndarray, rng: np.random.Generator) -> dict[tuple[int, int], dict[str, np.ndarray]]:
    """Road entries of every cell: each arm of a road cell runs on until water, a town or a harbour ends it."""
    rows, cols = labels.shape
    gates: dict[tuple[int, int], dict[str, np.ndarray]] = {(row, col): {} for row in range(rows) for col in range(cols)}
    for start in [place for place in sorted(gates) if labels[place] == "roads"]:
        sides = [side for side in SIDES if _at(labels, start, SIDES[side]) != "water"]
        kept = [str(side) for side in rng.permutation(sides)[: max(3, int(rng.integers(3, 5)))]]
        for side in kept:
            place = start
            while True:
                point = gates[place].get(side)
                if point is None:
                    point = _gate(place, side, rng)
                    gates[place][side] = point
                onward = (place[0] + SIDES[side][0], place[1] + SIDES[side][1])
                if onward not in gates:
                    break
                gates[onward][_OPPOSITE[side]] = point
                beyond = _at(labels, onward, SIDES[side])
                if labels[onward] not in ("fields", "forest") or beyond == "water":
                    break
                place = onward
    return gates


def _gate(place: tuple[int, int], side: str, rng: np.random.Generator) -> np.ndarray:
    step = np.array(SIDES[side][::-1], float)
    middle = (np.array(place[::-1], float) + 0.5 + 0.5 * step) * CELL
    along = np.array([abs(step[1]), abs(step[0])])
    return middle + along * rng.uniform(-22, 22)


def _wavy_edges(rows: int, cols: int, rng: np.random.Generator) -> dict[tuple[str, int, int], np.ndarray]:
    """Border lines between cells, (P, 2) each: `("h", r, c)` above the cell (r, c), `("v", r, c)` left of it."""
    nodes = np.stack(np.meshgrid(np.arange(cols + 1.0), np.arange(rows + 1.0)), axis=-1) * CELL
    nodes += rng.uniform(-_JITTER, _JITTER, nodes.shape)
    nodes[0, :, 1], nodes[-1, :, 1] = -_BEYOND, rows * CELL + _BEYOND
    nodes[:, 0, 0], nodes[:, -1, 0] = -_BEYOND, cols * CELL + _BEYOND
    edges = {}
    for row in range(rows + 1):
        for col in range(cols):
            inner = 0 < row < rows
            edges["h", row, col] = _wave(nodes[row, col], nodes[row, col + 1], _WAVE if inner else 0.0, rng)
    for row in range(rows):
        for col in range(cols + 1):
            inner = 0 < col < cols
            edges["v", row, col] = _wave(nodes[row, col], nodes[row + 1, col], _WAVE if inner else 0.0, rng)
    return edges


def _wave(start: np.ndarray, end: np.ndarray, amplitude: float, rng: np.random.Generator) -> np.ndarray:
    """(P, 2) points from `start` to `end`, swinging to both sides."""
    t = np.linspace(0, 1, 25)[:, None]
    across = np.array([start[1] - end[1], end[0] - start[0]]) / np.hypot(*(end - start))
    swing = sum(amplitude / k * rng.normal() * np.sin(np.pi * k * t) for k in (1, 2, 3, 5))
    return np.asarray(start + t * (end - start) + swing * across)


def _outline(edges: Mapping[tuple[str, int, int], np.ndarray], row: int, col: int) -> np.ndarray:
    top, bottom = edges["h", row, col], edges["h", row + 1, col]
    left, right = edges["v", row, col], edges["v", row, col + 1]
    return np.concatenate([top[:-1], right[:-1], bottom[::-1][:-1], left[::-1][:-1]])
