"""Reports on robustness as text and as charts."""

import dataclasses
import io

import pytest
from PIL import Image, ImageColor

from terrakin.errors import TerrakinError
from terrakin.evaluation.report import Estimate
from terrakin.evaluation.robustness.report import NONE, Bearing, Robustness, Step
from terrakin.spaces.space import Space
from terrakin.views.robustness_plots import save_original_chart, save_robustness_chart
from terrakin.views.robustness_text import plain_robustness, print_robustness

MAIN, OTHER = ImageColor.getrgb("#2f6fb0"), ImageColor.getrgb("#c8642a")
ODD = "$\\frac{1$ [b]\x1b[31m"


def estimate(value: float) -> Estimate:
    return Estimate(value, value - 0.05, value + 0.05)


def bearing(name: str, falls: float) -> Bearing:
    def step(distortion: str, strength: float, value: float, rank: float) -> Step:
        both = {"map": estimate(value), "p@10": estimate(value + 0.1)}
        lost = {name: estimate(0.7 - value) for name in both}
        return Step(distortion, strength, both, lost, estimate(value + 0.2), rank)

    steps = [step("haze", number / 10, 0.7 - falls * number, 2 * number + falls) for number in range(1, 4)]
    steps += [step("scale", strength, 0.7 - falls * abs(1 - strength), 1) for strength in (0.5, 1.5)]
    means = {name: {"map": estimate(0.6 - falls), "p@10": estimate(0.7)} for name in ("all", "haze", "scale")}
    return Bearing(name, Space("cosine", 8), step(NONE, 0, 0.7, 1), tuple(steps), means)


@pytest.fixture
def one() -> Robustness:
    return Robustness(
        {
            "haze": {"words": "whiter", "unit": "of the light", "neutral": 0.0, "strengths": [0.1, 0.2, 0.3]},
            "scale": {"words": "larger", "unit": "times", "neutral": 1.0, "strengths": [0.5, 1.5]},
        },
        (bearing("first 1", 0.1),),
        {
            "name": "loo",
            "queries": 5,
            "available": 9,
            "excluded": 1,
            "chosen": "by a hash",
            "gallery": 9,
            "relevance": "same-class",
            "ties": "id",
            "interval": {"kind": "query", "level": 0.95, "draws": 2000, "seed": 0},
        },
        warnings=("few chips",),
    )


@pytest.fixture
def two(one) -> Robustness:
    differences = {name: {"map": Estimate(0.1, 0.02, 0.18)} for name in (NONE, "all", "haze", "scale")}
    return dataclasses.replace(one, bearings=(*one.bearings, bearing(ODD, 0.2)), differences=differences)


def test_one_model_is_a_table_of_means_and_one_a_distortion(one) -> None:
    lines = plain_robustness(one).splitlines()
    assert lines[0] == "first 1"
    assert lines[1].split() == ["mean", "over", "strengths", "mAP", "interval", "P@10", "interval"]
    assert lines[2].split() == ["none", "0.700", "0.650", "–", "0.750", "0.800", "0.750", "–", "0.850"]
    assert (
        "\nwhiter\nhaze (of the light)    mAP       interval   lost   P@10  original first  median rank\n"
        in plain_robustness(one)
    )
    row = next(line for line in lines if line.startswith("0.2 "))
    assert row.split() == ["0.2", "0.500", "0.450", "–", "0.550", "0.200", "0.600", "0.700", "4.1"]
    # The reference stands where its strength belongs, and has lost nothing.
    scales = lines[lines.index("larger") + 2 :][:3]
    assert [line.split()[0] for line in scales] == ["0.5", "1", "1.5"]
    assert scales[1].split()[1:] == ["0.700", "0.650", "–", "0.750", "0.800", "0.900", "1"]
    assert lines[-2].startswith("protocol loo, queries distorted, gallery not · 5 of 9 queries (by a hash; 1 without relevant")
    assert lines[-1] == "warning: few chips"


def test_two_models_stand_below_each_other_and_their_difference_beside_them(two) -> None:
    text = plain_robustness(two)
    assert "mAP first 1" in text.splitlines()[0]
    assert "none" in text
    assert "+0.100  +0.020 – +0.180" in text
    assert "\x1b" not in text
    assert [line.split()[1] for line in text.splitlines() if line.startswith("0.1 ")] == ["first", "$\\frac{1$"]


def test_a_terminal_gets_the_same_figures(two) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    print_robustness(two, screen)
    for words in ("haze", "whiter", "+0.020", "few chips", "protocol loo"):
        assert words in screen.getvalue()
    plain = io.StringIO()
    print_robustness(two, plain)
    assert plain.getvalue() == plain_robustness(two)


def lowest(path, colour) -> int:
    """The lowest row of a picture in which a colour is drawn."""
    with Image.open(path) as picture:
        rgb = picture.convert("RGB")
        width, values = rgb.width, rgb.tobytes()
    return max(i // width for i in range(len(values) // 3) if tuple(values[3 * i : 3 * i + 3]) == colour)


def test_a_curve_that_falls_deeper_is_drawn_lower(tmp_path, two) -> None:
    save_robustness_chart(tmp_path / "r.png", two)
    assert lowest(tmp_path / "r.png", OTHER) > lowest(tmp_path / "r.png", MAIN) + 40


def test_one_model_has_one_colour_and_more_distortions_more_rows(tmp_path, one) -> None:
    save_robustness_chart(tmp_path / "r.png", one)
    with pytest.raises(ValueError, match="max"):
        lowest(tmp_path / "r.png", OTHER)
    four = {f"{name}{number}": facts for number in range(2) for name, facts in one.distortions.items()}
    steps = tuple(dataclasses.replace(step, distortion=name) for name in four for step in one.bearings[0].of(name[:-1]))
    more = dataclasses.replace(one, distortions=four, bearings=(dataclasses.replace(one.bearings[0], steps=steps),))
    save_robustness_chart(tmp_path / "m.png", more)
    with Image.open(tmp_path / "r.png") as few, Image.open(tmp_path / "m.png") as many:
        assert many.height > few.height + 300


def test_ranks_are_written_where_they_are_not_one(tmp_path, two) -> None:
    for name, report in (("fall", two), ("stay", dataclasses.replace(two, bearings=tuple(map(found, two.bearings))))):
        save_original_chart(tmp_path / f"{name}.svg", report)
    # Letters are drawn as shapes, each named by its number, so only the amount of them can be compared.
    assert (tmp_path / "fall.svg").read_text().count("<use") > (tmp_path / "stay.svg").read_text().count("<use") + 30


def found(of: Bearing) -> Bearing:
    return dataclasses.replace(of, steps=tuple(dataclasses.replace(step, median_rank=1) for step in of.steps))


def test_equal_reports_make_equal_files_and_other_endings_are_refused(tmp_path, one) -> None:
    for save in (save_robustness_chart, save_original_chart):
        for name in ("a", "b"):
            save(tmp_path / f"{name}.png", one)
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        with pytest.raises(TerrakinError, match=r"a chart ends in \.png or \.svg"):
            save(tmp_path / "a.pdf", one)
