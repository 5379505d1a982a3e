"""The parts of the benchmarks that measure nothing themselves: tables, records, timing in turns, drawn archives."""

import json
from pathlib import Path

import numpy as np
import pytest

from terrakin.archive.vectors import read_vectors
from terrakin.search.where import parse
from terrakin.spaces.space import Space


def test_a_row_compares_two_figures_or_shows_one() -> None:
    from benchmarks.result import Row, table

    lines = table("search", [Row("library", 3.0, "ms", "bare", 2.0, "≤ 1.1"), Row("recall", 1.0, "", aim="1")]).splitlines()
    assert lines[0] == "## search"
    assert lines[-2:] == ["| library | 3 ms | bare | 2 ms | 1.50 | ≤ 1.1 |", "| recall | 1 |  |  |  | 1 |"]


@pytest.mark.parametrize(("value", "shown"), [(1234.6, "1,235 ms"), (99.96, "100 ms"), (0.01234, "0.0123 ms")])
def test_a_figure_has_three_digits(value: float, shown: str) -> None:
    from benchmarks.result import Row, table

    assert f"| {shown} |" in table("x", [Row("x", value, "ms")])


def test_what_is_recorded_becomes_a_page(tmp_path: Path) -> None:
    from benchmarks.record import page, write_record
    from benchmarks.result import Row, table

    rows = [Row("library", 3.0, "ms", "bare", 2.0, "≤ 1.1"), Row("recall", 1.0, "")]
    write_record(tmp_path, "search", rows)
    record = json.loads((tmp_path / "search.json").read_text())
    assert record["rows"][0]["ratio"] == 1.5
    assert [Row.from_json(values) for values in record["rows"]] == rows
    text = page(tmp_path, ["index", "search"])
    assert table("search", rows) in text
    assert record["machine"] in text
    assert "## index" not in text


def test_works_are_timed_in_turns_and_the_first_turns_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import timing

    called = []
    costs = {"a": iter([90, 1, 7, 3]), "b": iter([80, 10, 10, 40])}
    clock = 0.0

    def work(name: str) -> None:
        nonlocal clock
        called.append(name)
        clock += next(costs[name])

    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock)
    taken = timing.alternating({"a": lambda: work("a"), "b": lambda: work("b")}, repeat=3, discard=1)
    assert (taken, called) == ({"a": 3, "b": 10}, ["a", "b"] * 4)


def test_a_program_that_fails_is_not_timed() -> None:
    import subprocess
    import sys

    from benchmarks.timing import process

    process(sys.executable, "-c", "pass")()
    with pytest.raises(subprocess.CalledProcessError):
        process(sys.executable, "-c", "raise SystemExit(3)")()


@pytest.mark.parametrize("space", [Space("cosine", 16), Space("hamming", 16)], ids=["cosine", "hamming"])
def test_a_drawn_archive_can_be_searched_and_filtered(space: Space, tmp_path: Path) -> None:
    from benchmarks.archives import chip_id, make_archive

    archive = make_archive(tmp_path / "archive", space, 1200, rng=np.random.default_rng(0), thumbnails=True)
    ids, vectors = read_vectors(archive.store)
    assert ids == [chip_id(number) for number in range(1200)]
    found, distances = archive.store.search(vectors[7], k=1200)
    assert (found.index(chip_id(7)) < 5, distances[0]) == (True, 0)
    assert archive.search(chip_id(7), k=3)[0].thumbnail.startswith(b"\xff\xd8")
    share = archive.store.count(parse("u < 0.1", schema=archive.store.columns())) / 1200
    assert 0.05 < share < 0.15


def test_every_suite_is_run_by_its_name() -> None:
    from benchmarks.__main__ import SUITES

    assert list(SUITES) == ["index", "search", "codes", "codesets", "start", "train"]
