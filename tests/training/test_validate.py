"""Retrieval while training goes on, against plain loops and against the measures that evaluation prints."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from terrakin.evaluation.evaluate import evaluate
from terrakin.evaluation.labelled import Labelled
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space
from terrakin.training.images import Images
from terrakin.training.validate import embed, retrieval

CORNERS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
"""Unit rows with exact cosines of 1, 0 and -1: ties are ties."""


def by_loops(vectors: np.ndarray, labels: np.ndarray, queries: np.ndarray) -> dict[str, float]:
    precisions, found = [], []
    for query in queries:
        others = [row for row in range(len(labels)) if row != query]
        wanted = [row for row in others if labels[row] == labels[query]]
        if not wanted:
            continue
        # Nearest first; those as near in the order of their rows.
        others.sort(key=lambda row: (-float(vectors[query] @ vectors[row]), row))
        hits, total = 0, 0.0
        for place, row in enumerate(others, 1):
            if labels[row] == labels[query]:
                hits += 1
                total += hits / place
        precisions.append(total / len(wanted))
        found.append(sum(labels[row] == labels[query] for row in others[:10]) / 10)
    return {"map": float(np.mean(precisions)), "p@10": float(np.mean(found))} if precisions else {}


@given(
    corners=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25),
    asking=st.one_of(st.none(), st.randoms(use_true_random=False)),
)
def test_it_is_what_plain_loops_give(corners: list[tuple[int, int]], asking) -> None:
    """Ties, classes of one image, and queries of which some do not ask."""
    places, labels = np.array(corners).T
    chosen = None if asking is None else np.array([asking.random() < 0.5 for _ in labels])
    queries = np.arange(len(labels)) if chosen is None else np.flatnonzero(chosen)
    # Lengths do not matter: it compares by cosine. Powers of two keep the ties.
    found = retrieval(CORNERS[places] * np.float32(4), labels, chosen)
    assert found == pytest.approx(by_loops(CORNERS[places], labels, queries))


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_evaluation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.sort(np.append(rng.integers(5, size=70), 5))
    vectors = rng.normal(size=(6, 8))[labels] + 1.5 * rng.normal(size=(len(labels), 8))
    vectors = vectors.astype(np.float32)
    space, ids = Space("cosine", 8), [f"{number:04}" for number in range(len(labels))]
    chips = Labelled(ids, [(f"c{label}",) for label in labels], pack(space, vectors), space)
    report = evaluate(chips, measures=["map", "p@10"])
    wanted = {name: report.measures[name].value for name in ("map", "p@10")}
    assert retrieval(vectors, labels) == pytest.approx(wanted, abs=1e-6)


def test_many_queries_are_ranked_in_blocks() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=1100)
    places = rng.integers(4, size=1100)
    some = rng.random(1100) < 0.02
    assert retrieval(CORNERS[places], labels, some) == pytest.approx(by_loops(CORNERS[places], labels, np.flatnonzero(some)))
    whole = retrieval(CORNERS[places], labels)
    first = np.arange(1100) < 550
    halves = [retrieval(CORNERS[places], labels, asking) for asking in (first, ~first)]
    assert whole == pytest.approx({name: (halves[0][name] + halves[1][name]) / 2 for name in whole})


def test_embeddings_of_no_length_are_no_fault() -> None:
    assert set(retrieval(np.zeros((4, 2), np.float32), np.array([0, 0, 1, 1]))) == {"map", "p@10"}


def test_images_are_resized_and_embedded_in_their_order(images: Images) -> None:
    seen = []

    def forward(pixels: torch.Tensor) -> torch.Tensor:
        assert not torch.is_grad_enabled()
        seen.append(tuple(pixels.shape))
        return pixels.mean(dim=(2, 3)).to(torch.bfloat16)

    rows = np.array([5, 3, 31, 0, 7])
    found = embed(forward, images, rows, size=12, batch=2)
    assert seen == [(2, 3, 12, 12), (2, 3, 12, 12), (1, 3, 12, 12)]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, images.pixels[rows].mean(axis=(1, 2)) / 255, atol=0.02)
