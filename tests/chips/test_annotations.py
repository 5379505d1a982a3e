"""Polygons with a class as labels of chips."""

import json
from pathlib import Path

import pytest
import shapely

from terrakin.chips.annotations import read_annotations
from terrakin.errors import SceneError


def write(path: Path, *drawn: tuple[str, shapely.Geometry], **properties: object) -> Path:
    features = [
        {"type": "Feature", "properties": {"class": name, **properties}, "geometry": json.loads(shapely.to_geojson(shape))}
        for name, shape in drawn
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


CHIP = shapely.to_wkb(shapely.box(0, 0, 10, 10))


@pytest.mark.parametrize(
    ("shape", "labelled"),
    [
        (shapely.box(0, 0, 10, 10), True),  # all of the chip
        (shapely.box(-90, 0, 2, 10), True),  # a fifth of the chip, a small part of the polygon
        (shapely.box(-90, 0, 1.9, 10), False),  # less than a fifth
        (shapely.box(3, 3, 3.1, 3.1), True),  # small and wholly inside
        (shapely.box(9.9, 3, 10.1, 3.2), True),  # half inside
        (shapely.box(9.95, 3, 10.1, 3.2), False),  # less than half
        (shapely.box(10, 0, 20, 10), False),  # touches the edge
        (shapely.box(30, 30, 40, 40), False),
    ],
)
def test_a_class_labels_a_chip_that_it_covers_or_that_holds_it(tmp_path: Path, shape: shapely.Geometry, labelled: bool) -> None:
    found = read_annotations(write(tmp_path / "a.labels.geojson", ("pond", shape))).labels(CHIP)
    assert found == (("pond",) if labelled else ())


def test_polygons_of_one_class_add_up_once(tmp_path: Path) -> None:
    strips = [shapely.box(-50, 0, 1.2, 10), shapely.box(-50, 0, 1.2, 10), shapely.box(8.9, 0, 60, 10)]
    annotations = read_annotations(write(tmp_path / "a.labels.geojson", *(("wood", strip) for strip in strips)))
    assert annotations.labels(CHIP) == ("wood",)
    twice = read_annotations(write(tmp_path / "b.labels.geojson", *(("wood", strip) for strip in strips[:2])))
    assert twice.labels(CHIP) == ()


def test_labels_are_sorted_and_absent_classes_are_passed_by(tmp_path: Path) -> None:
    whole = shapely.box(0, 0, 10, 10)
    assert read_annotations(write(tmp_path / "a.labels.geojson", ("b", whole), ("a", whole))).labels(CHIP) == ("a", "b")
    assert read_annotations(write(tmp_path / "b.labels.geojson", ("a", whole), label=0)).labels(CHIP) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "is no GeoJSON of polygons"),
        ("[]", "is no GeoJSON of polygons"),
        ('{"features": [{"properties": null, "geometry": null}]}', "is no GeoJSON of polygons"),
        ('{"features": [{"properties": {"class": 3}, "geometry": {}}]}', "class 3 is not a word"),
        (
            '{"features": [{"properties": {"class": "a"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}]}',
            "holds a Point",
        ),
        ("[" * 100_000, "is no GeoJSON of polygons"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.labels.geojson"
    path.write_text(text)
    with pytest.raises(SceneError, match=words):
        read_annotations(path)
