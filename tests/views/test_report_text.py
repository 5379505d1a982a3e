import dataclasses
import io

from terrakin.evaluation.report import Estimate
from terrakin.views.report_text import plain_report, print_report, protocol_line


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_small_report_is_written_to_the_letter(report):
    small = dataclasses.replace(
        report,
        measures={"map": Estimate(0.55124, 0.53, 0.572), "map@10:found": Estimate(0.9, 0.88, 0.92)},
        per_class={"forest": {"map": 0.91, "map@10:found": 1.0}, "dense residential": {"map": 0.31}},
        ceilings={},
    )
    assert plain_report(small) == (
        "measure        value       interval\n"
        "mAP            0.551  0.530 – 0.572\n"
        "mAP@10(found)  0.900  0.880 – 0.920\n"
        "\n"
        "class                mAP  mAP@10(found)\n"
        "forest             0.910          1.000\n"
        "dense residential  0.310\n"
        "\n"
        "protocol loo · 600 queries (2 without relevant chips left out) · gallery 601 · relevance same-class · ties id · "
        "mean over query · 95 % query bootstrap, 2000 draws, seed 0 · cosine, 4 dimensions\n"
        "warning: 2 queries have no relevant chip\n"
    )


def test_what_was_measured_besides_gets_its_column(report):
    full = dataclasses.replace(
        report, class_intervals={"map": (0.5, 0.6)}, expected={"p@10": 0.901}, spread={"anmrr": 0.01}, per_class={}
    )
    head, first, *_ = plain_report(full).splitlines()
    assert head.split("  ")[0] == "measure"
    for words in ("interval over classes", "ceiling", "expected over ties", "spread over seeds"):
        assert words in head
    assert "0.500 – 0.600" in first


def test_many_queries_earn_a_fourth_decimal(report):
    many = dataclasses.replace(report, protocol={**report.protocol, "queries": 2100})
    assert "0.5512" in plain_report(many)


def test_a_file_gets_the_plain_form_and_a_terminal_colours(report, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    plain, drawn = io.StringIO(), Terminal()
    print_report(report, plain)
    print_report(report, drawn)
    assert plain.getvalue() == plain_report(report)
    assert "\x1b[1m" in drawn.getvalue()
    assert "mAP@10(found)" in drawn.getvalue()


def test_strangers_text_cannot_steer_a_terminal(report, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    drawn = Terminal()
    print_report(report, drawn)
    for text in (drawn.getvalue(), plain_report(report)):
        assert "\x1b[31m" not in text
        assert "\\x1b[31m" in text


def test_the_protocol_is_one_line(report):
    assert "\n" not in protocol_line(report)
