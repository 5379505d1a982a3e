"""Explanations as pictures and as lines."""

from dataclasses import replace

import numpy as np
import pytest

from terrakin.search.conversions.reading import Reading
from terrakin.search.explanation import ExplainedImage, Explanation, Step
from terrakin.spaces.space import Space
from terrakin.views.explanation import explanation_sheet, plain_explanation


def painted(*values: float) -> np.ndarray:
    return np.broadcast_to(np.array(values, np.float32)[:, None, None], (len(values), 16, 16)).copy()


@pytest.fixture
def explanation(hostile) -> Explanation:
    turned = Step("affine", Reading("spatial", {"rotation_degrees": 3.0}, "turned 3.0° clockwise"), painted(0, 1, 0))
    tinted = Step("linear", Reading("spectral", {"gain_red": 9.0}, "red × 9.00"), painted(-1, 0, 7))
    came = painted(1, 0, 0)
    query = ExplainedImage("a.png", "query", None, None, (), (0.5, 1.0), came, (turned, tinted))
    hit = ExplainedImage("b.png#0,0,16,16", "hit", 1, 0.25, (hostile,), (0.5, 1.0), came, (turned, tinted))
    return Explanation("coast", "m 1", "jsst", ("red", "green", "blue"), "a.png", Space("cosine", 4), 1, None, (query, hit))


def test_each_image_is_shown_before_and_after_each_step_clipped(explanation) -> None:
    sheet = explanation_sheet(explanation)
    colours = {colour: count for count, colour in sheet.getcolors(maxcolors=1 << 16)}
    # Two rows of red, green, blue: values outside of [0, 1] are cut.
    assert colours[255, 0, 0] == colours[0, 255, 0] == colours[0, 0, 255] == 2 * 208**2
    order = [sheet.getpixel((x, 220))[:3] for x in (150, 370, 600)]
    assert order == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


@pytest.mark.parametrize(("bands", "shown"), [(("nir", "red", "green", "blue"), (0, 255, 0)), (("vv", "vh"), (255, 255, 255))])
def test_bands_are_shown_as_on_thumbnails(explanation, bands, shown) -> None:
    values = painted(1, 0, 1, 0)[: len(bands)] if len(bands) > 2 else painted(1, 0)
    query = replace(explanation.images[0], image=values, steps=())
    sheet = explanation_sheet(replace(explanation, bands=bands, images=(query,)))
    assert sheet.getpixel((150, 220)) == shown


def test_a_long_caption_makes_its_row_longer(explanation) -> None:
    query = explanation.images[0]
    said = Reading("spectral", {}, ", ".join(f"band{number} × 1.00" for number in range(60)))
    longer = replace(query, steps=(Step("linear", said, query.image),))
    one, other = (explanation_sheet(replace(explanation, images=(image,))) for image in (query, longer))
    assert other.height > one.height


def test_what_has_no_value_is_black_and_no_error(explanation) -> None:
    query = replace(explanation.images[0], image=np.full((3, 16, 16), np.nan, np.float32))
    assert explanation_sheet(replace(explanation, images=(query,))).getpixel((150, 220)) == (0, 0, 0)


def test_lines_tell_the_same_and_cannot_steer_a_terminal(explanation, hostile) -> None:
    hit = replace(explanation.images[1], id=hostile)
    lines = plain_explanation(replace(explanation, images=(explanation.images[0], hit))).splitlines()
    assert lines[:3] == ["query  a.png", "    affine  turned 3.0° clockwise", "    linear  red × 9.00"]
    assert lines[3].startswith("1  0.2500  a,")
    assert len(lines) == 6
    assert "\x1b" not in "".join(lines)
