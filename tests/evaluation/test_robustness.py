"""Robustness on chips that lie on a line, where brightness moves a chip along it: every figure can be worked out by hand."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from terrakin.errors import EvaluationError
from terrakin.evaluation.distortions.distortion import Distortion
from terrakin.evaluation.distortions.known import DISTORTIONS
from terrakin.evaluation.evaluate import evaluate
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.robustness.answers import _must_be_unchanged
from terrakin.evaluation.robustness.measure import Subject, robustness
from terrakin.evaluation.robustness.report import NONE, Robustness
from terrakin.evaluation.trial import Trial
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

IDS = [f"{letter}{number}" for letter in "fhw" for number in range(6)]
LABELS = [{"f": "field", "h": "harbor", "w": "water"}[name[0]] for name in IDS]
AT = [0.02, 0.05, 0.09, 0.14, 0.20, 0.31, 0.33, 0.40, 0.44, 0.47, 0.51, 0.58, 0.53, 0.60, 0.70, 0.79, 0.90, 0.97]

SHIFT = Distortion("brightness", "moved", "of the line", 0.0, (-0.2, 0.1, 0.3), DISTORTIONS["brightness"].change)
FLATTER = Distortion("contrast", "nothing happens to a single pixel", "times", 1.0, (0.5,), DISTORTIONS["contrast"].change)


def subject(labelled: Labelled, name: str = "model", moved: float = 0) -> Subject:
    """A model whose embedding is the only value of an image of one pixel."""
    places = dict(zip(labelled.ids, labelled.vectors[:, 0].tolist(), strict=True))

    def embed(ids: Sequence[str], variants, advance: Callable[[int], None]) -> np.ndarray:
        images = [variants(name, np.full((1, 1, 1), places[name] + moved, np.float32)) for name in ids]
        vectors = np.array([[image.item() for image in of_chip] for of_chip in images])
        advance(vectors.size)
        return np.stack([pack(labelled.space, vectors[:, step : step + 1]) for step in range(vectors.shape[1])])

    return Subject(name, labelled, embed)


@pytest.fixture
def line(on_a_line) -> Labelled:
    return on_a_line(IDS, LABELS, AT)


@pytest.fixture
def report(line) -> Robustness:
    return robustness([subject(line)], [SHIFT, FLATTER], draws=200)


def by_hand(shift: float) -> tuple[float, float, list[int]]:
    """mAP, P@10 and ranks of the originals, by sorting."""
    averages, precisions, ranks = [], [], []
    for asks in range(len(IDS)):
        place = np.clip(np.float32(AT[asks]) + np.float32(shift), 0, 1)
        order = sorted(range(len(IDS)), key=lambda row: (abs(np.float64(np.float32(AT[row])) - np.float64(place)), IDS[row]))
        ranks.append(1 + order.index(asks))
        hits = [LABELS[row] == LABELS[asks] for row in order if row != asks]
        averages.append(np.mean([sum(hits[: k + 1]) / (k + 1) for k, hit in enumerate(hits) if hit]))
        precisions.append(sum(hits[:10]) / 10)
    return float(np.mean(averages)), float(np.mean(precisions)), ranks


def test_every_step_is_what_sorting_by_hand_gives(report) -> None:
    (bearing,) = report.bearings
    for shift, step in zip([0, *SHIFT.strengths], [bearing.reference, *bearing.of("brightness")], strict=True):
        average, precision, ranks = by_hand(shift)
        assert (step.distortion, step.strength) == ("brightness" if shift else NONE, shift)
        assert step.measures["map"].value == pytest.approx(average, abs=1e-12)
        assert step.measures["p@10"].value == pytest.approx(precision, abs=1e-12)
        assert step.median_rank == np.median(ranks)
        assert step.first.value == pytest.approx(ranks.count(1) / len(ranks), abs=1e-12)
        assert step.lost["map"].value == pytest.approx(by_hand(0)[0] - average, abs=1e-12)
        for estimate in (*step.measures.values(), *step.lost.values(), step.first):
            assert estimate.low <= estimate.value <= estimate.high
    assert bearing.reference.first.value == 1
    assert [step.strength for step in bearing.of("brightness")] == [-0.2, 0.1, 0.3]
    assert bearing.steps[-1].measures == bearing.reference.measures


def test_the_reference_is_what_evaluate_gives(line, report) -> None:
    plain = evaluate(line, measures=["map", "p@10"], draws=200)
    assert report.bearings[0].reference.measures == plain.measures
    for key in ("queries", "gallery", "excluded", "relevance", "queries_hash", "gallery_hash", "interval", "measures"):
        assert report.protocol[key] == plain.protocol[key]


def test_means_are_over_strengths_and_then_over_distortions(report) -> None:
    (bearing,) = report.bearings
    for measure in ("map", "p@10"):
        of_shift = np.mean([step.measures[measure].value for step in bearing.of("brightness")])
        of_all = np.mean([of_shift, bearing.reference.measures[measure].value])
        assert bearing.means["brightness"][measure].value == pytest.approx(of_shift, abs=1e-12)
        assert bearing.means["all"][measure].value == pytest.approx(of_all, abs=1e-12)
    assert list(bearing.means) == ["all", "brightness", "contrast"]


def test_two_models_are_asked_the_same_and_compared_in_pairs(line, on_a_line) -> None:
    other = on_a_line(IDS, LABELS, np.array(AT) ** 2)
    found = robustness([subject(line, "one"), subject(other, "other")], [SHIFT], draws=200)
    assert [bearing.name for bearing in found.bearings] == ["one", "other"]
    ours, theirs = found.bearings
    assert list(found.differences) == [NONE, "all", "brightness"]
    for name, difference in found.differences.items():
        one, two = (
            (bearing.reference.measures if name == NONE else bearing.means[name])["map"].value for bearing in (ours, theirs)
        )
        assert difference["map"].value == pytest.approx(one - two, abs=1e-12)
        assert difference["map"].low <= difference["map"].value <= difference["map"].high
    same = robustness([subject(line), subject(line)], [SHIFT], draws=50).differences["brightness"]["map"]
    assert (same.low, same.value, same.high) == (0, 0, 0)
    fewer = on_a_line(IDS[:-1], LABELS[:-1], AT[:-1])
    with pytest.raises(EvaluationError, match="only the same chips can be compared, but 'w5' is in one of the two alone"):
        robustness([subject(line), subject(fewer)], [SHIFT])


def test_some_queries_are_spread_over_the_classes_whatever_the_order(line) -> None:
    asked: list[str] = []

    def listening(of: Labelled) -> Subject:
        inner = subject(of)

        def embed(ids, variants, advance):
            asked.extend(name for name in ids if name not in asked)
            return inner.embed(ids, variants, advance)

        return Subject(inner.name, of, embed)

    found = robustness([listening(line)], [SHIFT], queries=7, seed=3, draws=20)
    counts = sorted(sum(name[0] == letter for name in asked) for letter in "fhw")
    assert counts == [2, 2, 3]
    assert (found.protocol["queries"], found.protocol["available"]) == (7, 18)
    assert found.protocol["chosen"] == "spread over classes by a hash of ids, seed 3"
    first, asked[:] = list(asked), []
    back = Labelled(IDS[::-1], [(label,) for label in LABELS[::-1]], line.vectors[::-1], line.space)
    again = robustness([listening(back)], [SHIFT], queries=7, seed=3, draws=20)
    assert asked == first
    assert again.to_json() == found.to_json()
    fewer = robustness([listening(line)], [SHIFT], queries=6, seed=3, draws=20)
    assert fewer.protocol["queries"] == 6
    assert robustness([subject(line)], [SHIFT], queries=99, draws=20).protocol["chosen"] == "all"
    other = robustness([subject(line)], [SHIFT], queries=7, seed=4, draws=20)
    assert other.protocol["queries_hash"] != found.protocol["queries_hash"]


def test_chips_without_an_answer_do_not_ask(on_a_line) -> None:
    labelled = on_a_line([*IDS, "x", "y"], [*LABELS, "alone", ()], [*AT, 0.5, 0.1])
    found = robustness([subject(labelled)], [SHIFT], draws=20)
    assert (found.protocol["queries"], found.protocol["excluded"], found.protocol["gallery"]) == (18, 2, 19)
    with pytest.raises(EvaluationError, match="none of the 2 chips has a relevant one in the gallery"):
        robustness([subject(on_a_line(["a", "b"], ["one", "two"], [0.1, 0.2]))], [SHIFT])


def test_label_sets_ask_by_the_rule_that_suits_them(on_a_line) -> None:
    labelled = on_a_line(IDS, [[label, "land"] if number % 2 else [label] for number, label in enumerate(LABELS)], AT)
    found = robustness([subject(labelled)], [SHIFT], queries=5, draws=20)
    assert (found.protocol["relevance"], found.protocol["queries"]) == ("share-any", 5)
    strict = robustness([subject(labelled)], [SHIFT], relevance="same-labels", draws=20)
    assert strict.protocol["relevance"] == "same-labels"


def test_what_changed_on_disk_is_no_distortion(line) -> None:
    with pytest.raises(EvaluationError, match=r"'f0' is not what it was when it was indexed: read again, it lies 0\.1 from"):
        robustness([subject(line, moved=0.1)], [SHIFT])


def test_a_chip_without_any_code_is_what_it_was() -> None:
    space = Space("codeset", 8, codes=2)
    there, absent = np.ones((2, 8)), np.full((2, 8), np.nan)
    sets = pack(space, np.stack([absent, there, there, -there]).reshape(4, 16))
    trial = Trial(np.arange(4), np.arange(4), sets, space)
    _must_be_unchanged(trial, list("abcd"), sets)
    with pytest.raises(EvaluationError, match="'d' is not what it was when it was indexed: read again, it lies 16 from"):
        _must_be_unchanged(trial, list("abcd"), sets[[0, 1, 2, 1]])
    with pytest.raises(EvaluationError, match="'b' is not what it was"):
        _must_be_unchanged(trial, list("abcd"), sets[[0, 0, 2, 3]])


def test_progress_ends_where_it_said(line) -> None:
    told: list[tuple[int, int | None]] = []
    robustness([subject(line)] * 2, [SHIFT], draws=5, progress=lambda done, total, note="": told.append((done, total)))
    assert {total for _, total in told} == {2 * 18 * 4}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == 2 * 18 * 4


def test_what_cannot_be_asked_is_refused(line) -> None:
    for subjects, distortions, queries in (([subject(line)], [], 1), ([subject(line)], [SHIFT], 0), ([], [SHIFT], 1)):
        with pytest.raises(ValueError, match="robustness needs a distortion, a query, and one or two models"):
            robustness(subjects, distortions, queries=queries)


def test_a_small_gallery_is_warned_about(on_a_line) -> None:
    few = on_a_line(IDS[:8], LABELS[:8], AT[:8])
    assert robustness([subject(few)], [SHIFT], draws=5).warnings == ("p@10 looks beyond the end of the gallery of 7",)


def test_the_json_holds_every_figure(report) -> None:
    written = json.loads(report.to_json())
    (model,) = written["models"]
    (bearing,) = report.bearings
    assert model["name"] == "model"
    assert model["space"] == {"kind": "l2", "size": 1, "codes": 1}
    assert written["distortions"]["brightness"] == {
        "words": "moved",
        "unit": "of the line",
        "neutral": 0.0,
        "strengths": [-0.2, 0.1, 0.3],
    }
    assert [step["strength"] for step in model["steps"]] == [-0.2, 0.1, 0.3, 0.5]
    step, wanted = model["steps"][1], bearing.steps[1]
    low, high = wanted.lost["map"].low, wanted.lost["map"].high
    assert step["lost"]["map"] == {"value": wanted.lost["map"].value, "ci95": [low, high]}
    assert step["original"]["first"]["value"] == wanted.first.value
    assert step["original"]["median_rank"] == wanted.median_rank
    assert model["means"]["all"]["map"]["value"] == bearing.means["all"]["map"].value
    assert written["protocol"]["queries"] == 18
    assert (written["differences"], written["warnings"]) == ({}, [])


def test_the_markdown_shows_each_distortion(report, line) -> None:
    text = report.to_markdown()
    value = report.bearings[0].means["brightness"]["map"].value
    assert "| mean over strengths | mAP | interval | P@10 | interval |" in text
    assert f"| brightness | {value:.3f} |" in text
    assert "## brightness\n\nMoved.\n\n| brightness (of the line) | mAP | interval | lost | P@10 | original first |" in text
    assert "- queries: 18\n" in text
    both = robustness([subject(line, "one"), subject(line, "two|2")], [SHIFT], draws=5).to_markdown()
    assert "| mean over strengths | mAP one | mAP two\\|2 | difference | interval |" in both
    assert "| 0.1 | two\\|2 |" in both
