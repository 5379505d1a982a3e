"""Hits: the answer to a search, as Python and notebooks like it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from terrakin.registry import require
from terrakin.search.ranking import Hit, Ranking

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from PIL.Image import Image

__all__ = ["Hits"]


class Hits(Sequence[Hit]):
    """The hits of one search, nearest first. A list of `Hit` that shows itself as a gallery in a notebook."""

    def __init__(self, ranking: Ranking) -> None:
        self.ranking = ranking
        """What was asked, with the hits."""

    def __len__(self) -> int:
        return len(self.ranking.hits)

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, place: int | slice) -> Hit | tuple[Hit, ...]:
        return self.ranking.hits[place]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.ranking.hits)

    def __repr__(self) -> str:
        return f"<Hits: {len(self)} for {self.ranking.query!r}>"

    def _repr_html_(self) -> str:
        from terrakin.views.gallery import gallery_html

        return gallery_html(self.ranking)

    def to_pandas(self) -> "pd.DataFrame":
        """One row a hit: rank, id, distance, source, labels, datetime, west, south, east, north, and a column a property.

        Raises:
            MissingExtraError: if pandas is not installed; it comes with `terrakin[geo]`.
        """
        frame: pd.DataFrame = require("pandas", extra="geo").DataFrame([_row(hit) for hit in self])
        return frame

    def to_geopandas(self) -> "gpd.GeoDataFrame":
        """`to_pandas` with footprints as geometry, EPSG:4326; chips without geography have none.

        Raises:
            MissingExtraError: if geopandas is not installed; it comes with `terrakin[geo]`.
        """
        module = require("geopandas", extra="geo")
        shapes = module.GeoSeries.from_wkb([hit.footprint for hit in self], crs="EPSG:4326")
        frame: gpd.GeoDataFrame = module.GeoDataFrame(self.to_pandas(), geometry=shapes)
        return frame

    def sheet(self, path: str | Path | None = None) -> "Image":
        """A contact sheet of the query and its hits; also written to `path` where one is given."""
        from terrakin.views.sheet import contact_sheet, save_sheet

        sheet = contact_sheet([self.ranking])
        if path is not None:
            save_sheet(Path(path), sheet)
        return sheet


def _row(hit: Hit) -> dict[str, Any]:
    west, south, east, north = hit.bbox or (None,) * 4
    return {
        "rank": hit.rank,
        "id": hit.id,
        "distance": hit.distance,
        "source": hit.source,
        "labels": list(hit.labels),
        "datetime": hit.datetime,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        **hit.properties,
    }
