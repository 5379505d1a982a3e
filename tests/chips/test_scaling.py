import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from terrakin.chips.scaling import ScalingRule, ValueRange, parse_scaling, value_range
from terrakin.errors import SceneError
from terrakin.scenes.scene import Band


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("auto", ScalingRule()),
        (" Sensor ", ScalingRule("sensor")),
        ("0:3000", ScalingRule("range", 0, 3000)),
        ("-0.2:1e4", ScalingRule("range", -0.2, 10000)),
        ("p2:p98", ScalingRule("percentile")),
        ("p0.5:p99.5", ScalingRule("percentile", percentiles=(0.5, 99.5))),
    ],
)
def test_rules_are_read_as_they_are_written(text, rule):
    assert parse_scaling(text) == rule
    assert parse_scaling(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no scaling rule; wanted auto, sensor, LOW:HIGH such as 0:3000, or p2:p98"),
        ("minmax", "'minmax' is no scaling rule"),
        ("0:", "is no scaling rule"),
        ("p2:98", "is no scaling rule"),
        ("1:2:3", "is no scaling rule"),
        ("3000:0", r"from a lower to a higher number, got 3000\.0:0\.0"),
        ("0:nan", "from a lower to a higher number"),
        ("0:inf", "from a lower to a higher number"),
        ("p98:p2", r"in 0\.\.100, the lower one first, got 98\.0, 2\.0"),
        ("p2:p101", r"in 0\.\.100"),
    ],
)
def test_what_is_no_rule_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parse_scaling(text)


def test_a_rule_takes_nothing_that_it_would_ignore():
    with pytest.raises(ValueError, match="belong to the rule 'range', got them with 'auto'"):
        ScalingRule(low=1)
    with pytest.raises(ValueError, match="one of auto, sensor, range, percentile, got 'best'"):
        ScalingRule("best")


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_any_range_survives_json(one, two):
    if one == two:
        return
    rule = ScalingRule("range", *sorted([one, two]))
    values = json.loads(json.dumps(dataclasses.asdict(rule)))
    assert ScalingRule(**values | {"percentiles": tuple(values["percentiles"])}) == rule


@pytest.mark.parametrize("high", [1.0, 0.5, float("inf"), float("nan"), 1 + 1e-320])
def test_a_value_range_rises(high):
    with pytest.raises(ValueError, match="from lower to higher numbers"):
        ValueRange((0.0, 1.0), (1.0, high))


@pytest.mark.parametrize("band", [Band("b1", "x", 1, scale=0), Band("b1", "x", 1, scale=float("inf"))])
def test_a_scale_that_makes_all_values_one_is_refused(grid_scene, band):
    scene = grid_scene(bands=(band,))
    with pytest.raises(SceneError, match=r"band b1 of /imagery/scene\.tif has a scale or an offset that makes all values one"):
        value_range(scene, scene.bands, ScalingRule())


def test_auto_takes_8_bit_as_it_is(grid_scene):
    scene = grid_scene(bands=(Band("b1", "x", 1), Band("b2", "x", 2, scale=0.01, offset=-1)), sensor="landsat-5")
    found = value_range(scene, scene.bands, ScalingRule())
    assert found.low == (0, -1)
    assert found.high == pytest.approx((255, 1.55))


def test_auto_takes_the_sensors_table_in_physical_values(grid_scene):
    stored = grid_scene(dtype="uint16", sensor="sentinel-2", bands=(Band("B04", "x", 1), Band("B08", "x", 1)))
    assert value_range(stored, stored.bands, ScalingRule()) == ValueRange((0, 0), (3000, 5000))
    physical = grid_scene(dtype="uint16", sensor="sentinel-2-n0400", bands=(Band("B04", "x", 1, scale=1e-4, offset=-0.1),))
    found = value_range(physical, physical.bands, ScalingRule("sensor"))
    assert (*found.low, *found.high) == pytest.approx((0, 0.3))


def test_no_table_no_sensor_rule(grid_scene):
    unknown = grid_scene(dtype="uint16")
    with pytest.raises(SceneError, match=r"scene\.tif: its sensor is not known; known are sentinel-2.*Choose --scaling auto"):
        value_range(unknown, unknown.bands, ScalingRule("sensor"))
    thermal = grid_scene(dtype="uint16", sensor="landsat-8", bands=(Band("B4", "x", 1), Band("B10", "x", 1)))
    with pytest.raises(SceneError, match="that of landsat-8 has no range for B10"):
        value_range(thermal, thermal.bands, ScalingRule("sensor"))


def test_a_range_holds_for_every_band(grid_scene):
    scene = grid_scene()
    assert value_range(scene, scene.bands * 2, ScalingRule("range", 1, 2)) == ValueRange((1, 1), (2, 2))


def test_percentiles_are_of_measured_values_by_band(raster):
    ramp = np.arange(10000, dtype=np.uint16).reshape(1, 100, 100)
    values = np.concatenate([ramp + 1, 2 * ramp + 1])
    values[:, :10] = 0
    scene = raster(values, nodata=0)
    found = value_range(scene, scene.bands, ScalingRule())
    for number in range(2):
        low, high = np.percentile(values[number][values[number] > 0], (2, 98))
        assert (found.low[number], found.high[number]) == pytest.approx((low, high))
    assert value_range(scene, scene.bands[::-1], ScalingRule()).high == found.high[::-1]
    assert value_range(scene, scene.bands, ScalingRule("percentile", percentiles=(0, 100))).low == (1001, 2001)


def test_percentiles_are_physical(raster):
    ramp = np.arange(10000, dtype=np.uint16).reshape(1, 100, 100)
    scene = raster(ramp, scales=[0.5], offsets=[-100])
    low, high = np.percentile(ramp * 0.5 - 100.0, (2, 98))
    found = value_range(scene, scene.bands, ScalingRule())
    assert (*found.low, *found.high) == pytest.approx((low, high))


def test_percentiles_of_floats_leave_out_nan_and_infinity(raster):
    values = np.linspace(0, 1, 400, dtype=np.float32).reshape(1, 20, 20)
    values[0, 0, :2] = np.nan, np.inf
    found = value_range(scene := raster(values), scene.bands, ScalingRule("percentile", percentiles=(0, 100)))
    assert found.low[0] == pytest.approx(values[0, 0, 2])
    assert found.high == (1.0,)


def test_extremes_of_a_type_do_not_break_it(raster):
    largest = np.finfo(np.float64).max
    values = np.array([[[0, 5e-324], [largest, -largest]]])
    for part in (values, values[:, :1], values[:, 1:]):
        found = value_range(scene := raster(part), scene.bands, ScalingRule("percentile", percentiles=(0, 100)))
        assert found.low < found.high


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (0, (-0.5, 0.5)),  # mid-grey
        (1000, (500, 1500)),
    ],
)
def test_a_constant_scene_is_mid_grey(raster, fill, expected):
    found = value_range(scene := raster(np.full((1, 8, 8), fill, np.uint16)), scene.bands, ScalingRule())
    assert (*found.low, *found.high) == expected


def test_a_few_values_on_a_constant_ground_stretch_to_them(raster):
    values = np.zeros((1, 100, 100), np.uint16)
    values[0, 0, 0] = 77
    found = value_range(scene := raster(values), scene.bands, ScalingRule())
    assert (*found.low, *found.high) == (0, 77)


def test_nothing_measured_gives_some_range(raster):
    found = value_range(scene := raster(np.zeros((1, 8, 8), np.uint16), nodata=0), scene.bands, ScalingRule())
    assert found == ValueRange((0,), (1,))


def test_large_scenes_are_sampled(raster):
    row, col = np.mgrid[:1100, :1300]
    values = (row + col).astype(np.uint16)[None]
    found = value_range(scene := raster(values, overviews=(2,)), scene.bands, ScalingRule())
    assert (*found.low, *found.high) == pytest.approx(tuple(np.percentile(values, (2, 98))), rel=0.01)
    assert found == value_range(scene, scene.bands, ScalingRule())


def test_percentiles_of_a_picture(picture, smooth):
    values = smooth(3, 60, 80)
    scene = picture(Image.fromarray(np.moveaxis(values, 0, 2)))
    found = value_range(scene, scene.bands, ScalingRule("percentile"))
    assert found.low == pytest.approx(tuple(np.percentile(values[i], 2) for i in range(3)))
