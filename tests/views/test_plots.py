import dataclasses
import warnings

import pytest
from PIL import Image, ImageColor

from terrakin.errors import TerrakinError
from terrakin.views.plots import save_class_chart, save_precision_curve

MAIN, BAND = ImageColor.getrgb("#2f6fb0"), ImageColor.getrgb("#b9d2ea")


def pixels(path, colour) -> list[tuple[int, int]]:
    with Image.open(path) as picture:
        rgb = picture.convert("RGB")
        values = rgb.tobytes()
        width = rgb.width
    return [(i % width, i // width) for i in range(len(values) // 3) if tuple(values[3 * i : 3 * i + 3]) == colour]


def test_bars_grow_with_the_class_and_the_band_is_the_interval(tmp_path, report):
    path = tmp_path / "classes.png"
    save_class_chart(path, report, measure="map")
    found = pixels(path, MAIN)
    rows: dict[int, int] = {}
    for x, y in found:
        rows[y] = max(rows.get(y, 0), x)
    left = min(x for x, _ in found)
    lengths = [end - left for _, end in sorted(rows.items())]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] / lengths[0] == pytest.approx(0.2 / 0.91, abs=0.01)
    band = [x - left for x, _ in pixels(path, BAND)]
    assert min(band) / lengths[0] == pytest.approx(0.53 / 0.91, abs=0.01)
    assert max(band) / lengths[0] == pytest.approx(0.572 / 0.91, abs=0.01)


def test_more_classes_make_a_taller_chart(tmp_path, report):
    two = dataclasses.replace(report, per_class=dict(list(report.per_class.items())[:2]))
    sizes = []
    for number, chosen in enumerate((two, report)):
        save_class_chart(tmp_path / f"{number}.png", chosen, measure="map")
        with Image.open(tmp_path / f"{number}.png") as picture:
            sizes.append(picture.size)
    assert sizes[1][0] == sizes[0][0]
    assert sizes[1][1] - sizes[0][1] == pytest.approx(4 * 0.27 * 160, abs=2)


def test_the_curve_falls_from_left_to_right(tmp_path, report):
    path = tmp_path / "curve.png"
    save_precision_curve(path, dataclasses.replace(report, measures={}, ceilings={}))
    found = [(x, y) for x, y in pixels(path, MAIN) if y < 500]
    heights = dict(found)
    ends = min(heights), max(heights)
    assert ends[1] - ends[0] > 900
    assert heights[ends[0]] < heights[ends[1]]


def test_ceilings_and_intervals_are_drawn(tmp_path, report):
    pictures = []
    for name, changed in (("all", {}), ("bare", {"ceilings": {}}), ("plain", {"ceilings": {}, "measures": {}})):
        path = tmp_path / f"{name}.png"
        save_precision_curve(path, dataclasses.replace(report, **changed))
        pictures.append(path.read_bytes())
    assert len(set(pictures)) == 3


def test_strangers_labels_are_not_formulas(tmp_path, report):
    odd = dataclasses.replace(report, per_class={"$\\frac{1$ <b>": {"map": 0.5}})
    save_class_chart(tmp_path / "a.svg", odd, measure="map")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<b>" not in text


def test_equal_reports_make_equal_files(tmp_path, report):
    for kind in ("png", "svg"):
        for name in ("a", "b"):
            save_precision_curve(tmp_path / f"{name}.{kind}", report)
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_nothing_global_changes(tmp_path, report):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_precision_curve(tmp_path / "a.png", report)
    assert dict(mpl.rcParams) == before


def test_what_cannot_be_drawn_is_told(tmp_path, report):
    with pytest.raises(ValueError, match="no ndcg@5 of any class"):
        save_class_chart(tmp_path / "a.png", report, measure="ndcg@5")
    with pytest.raises(ValueError, match="no precision curve"):
        save_precision_curve(tmp_path / "a.png", dataclasses.replace(report, precision_curve={}))
    with pytest.raises(TerrakinError, match=r"a chart ends in \.png or \.svg"):
        save_precision_curve(tmp_path / "a.pdf", report)
    with pytest.raises(TerrakinError, match="there is no folder"):
        save_precision_curve(tmp_path / "no" / "a.png", report)
    assert list(tmp_path.iterdir()) == []
