import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from terrakin.archive.recall import Recall
from terrakin.chips.window import Window
from terrakin.search.ranking import Hit
from terrakin.spaces.space import Space
from terrakin.views import wording

HIT = Hit(1, "a.tif", 0.0, "/a.tif", Window(0, 0, 1, 1), labels=("field", "road"))


@given(st.text())
def test_printable_text_is_one_line_that_steers_nothing(text):
    shown = wording.printable(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_ordinary_text_is_left_as_it_is():
    assert wording.printable("São Paulo, Север 北.tif#0,0,1,1") == "São Paulo, Север 北.tif#0,0,1,1"


@given(st.text(), st.integers(min_value=2, max_value=40))
def test_shortened_text_fits_and_keeps_its_ends(text, width):
    short = wording.shorten(text, width)
    assert len(short) <= width
    assert short == text or (text.startswith(short.split("…")[0]) and len(short) == width)


def test_labels_agree_when_they_share_one():
    assert wording.verdict(("road",), HIT) == "same"
    assert wording.verdict(("river",), HIT) == "other"
    assert wording.verdict((), HIT) == "unknown"
    assert wording.verdict(("river",), dataclasses.replace(HIT, labels=())) == "unknown"


def test_the_headline_tells_filter_and_recall(ranking):
    assert wording.headline(ranking) == "demo.tk · cosine, 4 dimensions · where cloud < 0.9"
    approximate = dataclasses.replace(ranking, filter=None, recall=Recall(0.9871, 10, 100, 5000), space=Space("hamming", 64))
    assert wording.headline(approximate) == "demo.tk · Hamming, 64 bits · approximate, measured recall 0.987"
    listed = dataclasses.replace(approximate, space=ranking.space, codes=Space("hamming", 64), shortlist=20)
    assert wording.headline(listed) == (
        f"demo.tk · cosine, 4 dimensions · shortlist of 20 x {ranking.k} by 64-bit codes · approximate, measured recall 0.987"
    )
