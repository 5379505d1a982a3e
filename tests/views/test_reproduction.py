"""A published table beside figures of ours, for people and for programs."""

import dataclasses

import pytest

from terrakin.papers.reading import read_table
from terrakin.papers.reproduction import Entry, Ours, Reproduction, Spread
from terrakin.views.reproduction import markdown_reproduction, plain_reproduction, reproduction_values


@pytest.fixture
def found() -> Reproduction:
    """The first row of a table with a column in percent and one of fractions, and figures of two runs."""
    table = read_table("keyregion2023-3")
    figures = {"map": Spread((0.8859, 0.9001)), "anmrr": Spread((0.0870, 0.0860)), "acg@5": Spread((1.5, 1.7))}
    ours = Ours("mine", (0, 1), figures, figures, "trained", "as they did", "leave-one-out", {})
    return Reproduction(table, (Entry(table.rows[0], (ours,), ()),), ("map", "anmrr", "acg@5"))


def test_a_column_in_percent_has_ours_in_percent(found) -> None:
    row = found.table.rows[0]
    assert (row.printed["mAP (%)"], row.printed["ANMRR"]) == ("88.59", "0.0870")
    cells = ["89.30 ± 1.00", "0.0865 ± 0.0007", "1.6000 ± 0.1414"]
    lines = plain_reproduction(found).splitlines()
    (head,) = [line for line in lines if line.startswith("row ")]
    assert head.split()[2:] == ["mAP", "(%)", "ANMRR", "ACG@5", "protocol"]
    for whose in ("ours ", "ours, leave-one-out "):
        (line,) = [line for line in lines if line.strip().startswith(whose) and "±" in line]
        assert line.split(maxsplit=line.split().index("±") - 1)[-1].split() == " ".join(cells).split() + line.split()[-2:]
    markdown = markdown_reproduction(found)
    assert "| mAP (%) | ANMRR | ACG@5 |" in markdown
    assert f"| {' | '.join(cells)} |" in markdown


def test_programs_get_fractions(found) -> None:
    values = reproduction_values(found)
    assert values["units"] == {"mAP (%)": "percent", "ANMRR": "fraction"}
    figures = values["rows"][0]["ours"][0]["paper_protocol"]
    assert figures["map"]["values"] == [0.8859, 0.9001]
    assert {name: figure["unit"] for name, figure in figures.items()} == {
        "map": "fraction",
        "anmrr": "fraction",
        "acg@5": "gain",
    }


def test_columns_that_are_one_measure_keep_their_names(found) -> None:
    table = read_table("keyregion2023-4")
    other = dataclasses.replace(found, table=table, entries=(Entry(table.rows[0], (), ()),))
    assert "mAP Org_pic (%)  mAP KeyR_pic (%)  ANMRR Org_pic  ANMRR KeyR_pic" in plain_reproduction(other)
