"""The measures against trec_eval, the reference program of the field, on random rankings."""

import numpy as np
import pytest

from terrakin.evaluation.measures.judged import Judged, LabelOverlap
from terrakin.evaluation.measures.known import measure

ir_measures = pytest.importorskip("ir_measures", reason="ir-measures is a development dependency")

PAIRS = {
    "map": "AP",
    "p@1": "P@1",
    "p@5": "P@5",
    "p@20": "P@20",
    "recall@5": "R@5",
    "recall@20": "R@20",
    "mrr": "RR",
    "r-precision": "Rprec",
    "hitrate@5": "Success@5",
    "map@10:relevant": "AP@10",
    "ndcg@5:shared:linear": "nDCG@5",
    "ndcg@20:shared:linear": "nDCG@20",
    "ap11": "IPrec@{:.1f}",
}
QUERIES, GALLERY, LABELS = 12, 60, 4


@pytest.fixture(scope="module")
def judged() -> Judged:
    rng = np.random.default_rng(7)
    shared = rng.integers(0, LABELS, size=(QUERIES, GALLERY)) * (rng.random((QUERIES, GALLERY)) < 0.3)
    shared[:, -1] = 1
    relevance = shared > 0
    overlap = LabelOverlap(shared, np.full_like(shared, LABELS), np.full(QUERIES, LABELS), 9)
    relevant = relevance.sum(axis=1)
    return Judged(relevance, relevant, GALLERY, int(relevant.max()), overlap)


def trec_eval(judged: Judged, names: list[str]) -> dict[str, np.ndarray]:
    grades = judged.overlap.shared
    qrels = {f"q{q:02d}": {f"d{d}": int(grade) for d, grade in enumerate(row)} for q, row in enumerate(grades)}
    run = {f"q{q:02d}": {f"d{d}": float(GALLERY - d) for d in range(GALLERY)} for q in range(QUERIES)}
    measures = [ir_measures.parse_measure(name) for name in names]
    values = {name: np.full(QUERIES, np.nan) for name in names}
    for found in ir_measures.pytrec_eval.iter_calc(measures, qrels, run):
        values[str(found.measure)][int(found.query_id[1:])] = found.value
    return values


@pytest.mark.parametrize(("ours", "theirs"), PAIRS.items())
def test_every_query_has_the_value_of_trec_eval(judged, ours, theirs):
    names = [theirs.format(level / 10) for level in range(11)] if "{" in theirs else [theirs]
    expected = np.mean(list(trec_eval(judged, names).values()), axis=0)
    np.testing.assert_allclose(measure(ours)(judged), expected, rtol=0, atol=1e-9)
