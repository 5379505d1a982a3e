import dataclasses
import io

import pytest
from PIL import Image, ImageColor

from terrakin.errors import TerrakinError
from terrakin.views.sheet import FRAMES, contact_sheet, save_sheet
from terrakin.views.typeface import face, fit

# Where the first tile of the first block begins, from the layout: margin and title above, query and gap at the left.
TOP, LEFT, CELL, PITCH = 40 + 44, 40 + 192 + 40, 192, 212


def frame(sheet: Image.Image, column: int) -> tuple[int, ...]:
    return sheet.getpixel((LEFT + column * PITCH + 1, TOP + CELL // 2))


def colour(verdict: str) -> tuple[int, ...]:
    return ImageColor.getrgb(FRAMES[verdict])


def test_frames_tell_whether_labels_agree(ranking):
    sheet = contact_sheet([dataclasses.replace(ranking, labels=("harbor",))], columns=8)
    verdicts = ["same", "same", "other", "other", "unknown", "same", "other", "other"]
    assert [frame(sheet, column) for column in range(8)] == [colour(verdict) for verdict in verdicts]


def test_without_the_querys_labels_no_frame_judges(ranking):
    sheet = contact_sheet([ranking], columns=8)
    assert {frame(sheet, column) for column in range(8)} == {colour("unknown")}


def test_the_query_is_framed_in_ink_and_shown(ranking):
    sheet = contact_sheet([ranking])
    assert sheet.getpixel((41, TOP + CELL // 2)) == (27, 36, 48)
    with Image.open(io.BytesIO(ranking.thumbnail)) as query:
        middle = query.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    shown = sheet.crop((44, TOP + 4, 40 + CELL - 4, TOP + CELL - 4)).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert all(abs(a - b) <= 4 for a, b in zip(middle, shown, strict=True))


def test_the_size_follows_columns_and_rows(ranking):
    wide, tall = contact_sheet([ranking], columns=8), contact_sheet([ranking], columns=2)
    row = CELL + 4 * 19 + 10
    assert wide.size == (LEFT + 8 * PITCH - 20 + 40, TOP + row + 40)
    assert tall.size == (LEFT + 2 * PITCH - 20 + 40, TOP + 4 * row + 3 * 20 + 40)
    assert contact_sheet([ranking, ranking], columns=8).height == TOP + 2 * row + 40 + 40


def test_one_title_where_all_agree_else_one_each(ranking):
    other = dataclasses.replace(ranking, filter="label = 'river'")
    same, own = contact_sheet([ranking, ranking]), contact_sheet([ranking, other])
    assert own.height == same.height + 44


def test_margins_stay_empty(ranking):
    long = dataclasses.replace(ranking, archive="/very/long" * 40, filter="x" * 500)
    sheet = contact_sheet([long], columns=2)
    paper = (255, 255, 255)
    for strip in ((0, 0, 38, sheet.height), (sheet.width - 38, 0, sheet.width, sheet.height), (0, 0, sheet.width, 30)):
        assert sheet.crop(strip).getcolors() == [((strip[2] - strip[0]) * (strip[3] - strip[1]), paper)]


def test_broken_and_huge_thumbnails_cost_only_their_tile(ranking):
    hits = (
        dataclasses.replace(ranking.hits[0], thumbnail=b"not a picture"),
        dataclasses.replace(ranking.hits[1], thumbnail=ranking.hits[1].thumbnail[:200]),
        ranking.hits[2],
    )
    sheet = contact_sheet([dataclasses.replace(ranking, hits=hits, thumbnail=None)], columns=3)
    empty = ImageColor.getrgb("#eef1f4")
    inside = [sheet.getpixel((LEFT + column * PITCH + 20, TOP + 20)) for column in range(3)]
    assert inside[0] == inside[1] == empty
    assert inside[2] != empty


def test_no_hits_still_make_a_sheet(ranking):
    sheet = contact_sheet([dataclasses.replace(ranking, hits=())])
    assert sheet.crop((LEFT, TOP, LEFT + 200, TOP + 40)).getextrema()[0][0] < 150


@pytest.mark.parametrize(("ending", "kind"), [(".png", "PNG"), (".JPG", "JPEG"), (".webp", "WEBP")])
def test_the_ending_chooses_the_format(tmp_path, ranking, ending, kind):
    path = tmp_path / f"sheet{ending}"
    sheet = contact_sheet([ranking])
    save_sheet(path, sheet)
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == (kind, sheet.size)


def test_another_ending_is_refused(tmp_path, ranking):
    with pytest.raises(TerrakinError, match=r"a sheet ends in \.png, \.jpg, \.jpeg, \.webp"):
        save_sheet(tmp_path / "sheet.gif", contact_sheet([ranking]))


def test_wrong_arguments_are_the_callers_mistake(ranking):
    for rankings, options in (([], {}), ([ranking], {"columns": 0})):
        with pytest.raises(ValueError, match="wanted at least 1 ranking and 1 column"):
            contact_sheet(rankings, **options)


def test_fitted_text_is_as_long_as_the_room_allows():
    font, text = face(12), "S2A_MSIL2A_20240501T103021.tif#256,0"
    short = fit(text, font, 150)
    assert font.getlength(short) <= 150 < font.getlength(text)
    assert (short[0], short[-1]) == (text[0], text[-1])
    assert fit("é ü Ж ✓", font, 200) == "é ü Ж ✓"
