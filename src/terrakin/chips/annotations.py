"""Annotations: polygons with a class, drawn on a scene, as labels of its chips."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from terrakin.errors import SceneError

__all__ = ["Annotations", "read_annotations"]

_CHIP_SHARE = 0.2
"""Share of a chip that a class must cover to label it: a field that fills a corner is part of the picture."""
_OBJECT_SHARE = 0.5
"""Share of one polygon that must lie in a chip to label it, however small the polygon: a pond or a ship is wholly there."""

_LARGEST = 256 << 20
"""Bytes of a file that is read; a million polygons are about that."""


class Annotations:
    """Polygons of a scene with their classes, ready to be asked."""

    def __init__(self, polygons: list[shapely.Geometry], classes: list[str]) -> None:
        self._tree = shapely.STRtree(polygons)
        self._classes = np.array(classes, dtype=object)

    def labels(self, footprint: bytes) -> tuple[str, ...]:
        """Sorted classes of a chip: those that cover a fifth of it, and those of which a polygon lies half inside it.

        Args:
            footprint: of the chip, EPSG:4326, WKB.
        """
        ground = shapely.from_wkb(footprint)
        near = self._tree.query(ground, predicate="intersects")
        if not len(near):
            return ()
        polygons = self._tree.geometries[near]
        inside = shapely.intersection(polygons, ground)
        areas = shapely.area(inside)
        found = set()
        for name in set(self._classes[near]):
            of_class = self._classes[near] == name
            # Overlapping polygons of one class cover the ground once.
            covered = shapely.area(shapely.union_all(inside[of_class])) >= _CHIP_SHARE * ground.area
            held = areas[of_class] >= _OBJECT_SHARE * shapely.area(polygons[of_class])
            if covered or (held & (areas[of_class] > 0)).any():
                found.add(str(name))
        return tuple(sorted(found))


def read_annotations(path: Path) -> Annotations:
    """Read a GeoJSON FeatureCollection of polygons in EPSG:4326 with a property `class`.

    A feature with `label` 0 says that the class is not there, and is passed by.

    Raises:
        SceneError: if the file cannot be read, or a feature has no class or is no polygon.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise SceneError(f"{path} is larger than {_LARGEST >> 20} MiB; split the scene, or index it without annotations")
        features = json.loads(path.read_bytes())["features"]
        drawn = [feature for feature in features if feature["properties"].get("label", 1) != 0]
        classes = [_class(feature) for feature in drawn]
        polygons = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in drawn]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, shapely.errors.ShapelyError) as exc:
        raise SceneError(f"{path} is no GeoJSON of polygons with a property `class`: {exc!r}") from exc
    wrong = [shape.geom_type for shape in polygons if shape.geom_type not in ("Polygon", "MultiPolygon")]
    if wrong:
        raise SceneError(f"{path} holds a {wrong[0]}; annotations are polygons")
    return Annotations([shapely.make_valid(shape) for shape in polygons], classes)


def _class(feature: dict[str, Any]) -> str:
    name = feature["properties"]["class"]
    if not isinstance(name, str) or not name:
        raise ValueError(f"class {name!r} is not a word")
    return name
