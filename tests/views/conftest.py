"""Rankings and chips tables made here: generated thumbnails, one chip across the antimeridian, one without geography."""

import datetime as dt
import io

import numpy as np
import pyarrow as pa
import pytest
import shapely
from PIL import Image

from terrakin.archive.schema import chips_schema
from terrakin.bundles.passport import Passport
from terrakin.chips.window import Window
from terrakin.evaluation.report import Estimate, JudgedHit, JudgedQuery, Report
from terrakin.search.ranking import Hit, Ranking
from terrakin.spaces.space import Space

HOSTILE = 'a,"b"\n<script>alert(1)</script>\x1b[31m=1+1'
SPACE = Space("cosine", 4)


def jpeg(seed: int, size: int = 96) -> bytes:
    """A picture that looks like fields: blocks of one hue with some noise."""
    rng = np.random.default_rng(seed)
    hue = rng.integers(60, 200, 3)
    blocks = np.kron(rng.normal(0, 25, (6, 6, 1)), np.ones((size // 6, size // 6, 1)))
    values = np.clip(hue + blocks + rng.normal(0, 6, (size, size, 1)), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(values).save(out, "JPEG", quality=90)
    return out.getvalue()


def footprint(index: int) -> tuple[bytes | None, tuple[float, float, float, float] | None]:
    if index == 3:
        halves = [shapely.box(179.5, -17, 180, -16), shapely.box(-180, -17, -179.5, -16)]
        return shapely.MultiPolygon(halves).wkb, (179.5, -17.0, -179.5, -16.0)
    if index == 4:
        return None, None
    west, south = 10.0 + index, 45.0 + index / 2
    return shapely.box(west, south, west + 0.5, south + 0.25).wkb, (west, south, west + 0.5, south + 0.25)


LABELS = (("harbor",), ("harbor",), ("river",), ("field", "road"), (), ("harbor",), (HOSTILE,), ("forest",))


@pytest.fixture(scope="session")
def ranking() -> Ranking:
    hits = []
    for i, names in enumerate(LABELS):
        wkb, box = footprint(i)
        hits.append(
            Hit(
                rank=i + 1,
                id=f"scenes/S2_T32TMT_20240501/crop_{i:02}.tif#{256 * i},0,256,256" if i != 6 else f"odd {HOSTILE}.tif",
                distance=0.0125 * i,
                source=f"/data/scenes/crop_{i:02}.tif",
                window=Window(256 * i, 0, 256, 256),
                labels=names,
                datetime=None if i == 5 else dt.datetime(2024, 5, 1 + i, 10, 30, tzinfo=dt.UTC),
                bbox=box,
                footprint=wkb,
                valid_share=1.0 - i / 100,
                properties={"cloud": 0.1 * i, "sensor": "S2", "clear": i % 2 == 0} if i != 4 else {"cloud": float("nan")},
                thumbnail=jpeg(i) if i != 7 else None,
            )
        )
    return Ranking("demo.tk", "harbor/pier.jpg", SPACE, 8, "cloud < 0.9", tuple(hits), thumbnail=jpeg(100))


@pytest.fixture(scope="session")
def passport() -> Passport:
    return Passport(
        name="tiny-net",
        version="1.0",
        bands=("red", "green", "blue"),
        input_size=64,
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.2, 0.2),
        outputs=("embedding", "features"),
        space=SPACE,
        reducer=None,
        training_data="generated",
        licence="Apache-2.0",
        digest="ab" * 32,
        self_test=(0.5, 0.5, 0.5, 0.5),
    )


@pytest.fixture(scope="session")
def chips(ranking: Ranking) -> pa.Table:
    """The hits as rows of a chips table, two of them in one scene, with properties."""
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(len(ranking.hits), SPACE.width)).astype(np.float32)
    rows = []
    for i, hit in enumerate(ranking.hits):
        west, south, east, north = hit.bbox or (None,) * 4
        rows.append(
            {
                "id": hit.id,
                "scene": "/data/scenes/crop_00.tif" if i == 1 else hit.source,
                "fingerprint": f"f{i}",
                "col": hit.window.col,
                "row": hit.window.row,
                "width": hit.window.width,
                "height": hit.window.height,
                "footprint": hit.footprint,
                "west": west,
                "south": south,
                "east": east,
                "north": north,
                "datetime": hit.datetime,
                "labels": list(hit.labels),
                "valid_share": hit.valid_share,
                "thumbnail": hit.thumbnail,
                "vector": vectors[i].tolist(),
                "property:cloud": hit.properties.get("cloud"),
                "property:sensor": hit.properties.get("sensor"),
                "property:clear": hit.properties.get("clear"),
            }
        )
    extra = [("property:cloud", pa.float64()), ("property:sensor", pa.string()), ("property:clear", pa.bool_())]
    schema = pa.schema([*chips_schema(SPACE), *(pa.field(*pair) for pair in extra)])
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture(scope="session")
def hostile() -> str:
    """The label of one hit: separators, quotes, a line end, markup, a terminal escape, a formula."""
    return HOSTILE


@pytest.fixture(scope="session")
def report() -> Report:
    """A report of six classes, one of them named by a stranger, with one worst query."""
    classes = {"forest": 0.91, "harbor": 0.83, "field": 0.62, "river": 0.44, "dense residential": 0.31, HOSTILE + "$x": 0.2}
    hits = tuple(JudgedHit(i + 1, f"river/{i}.tif", 0.1 * i, i == 2, ("river",) if i == 2 else (HOSTILE,)) for i in range(4))
    return Report(
        measures={
            "map": Estimate(0.5512, 0.53, 0.572),
            "p@10": Estimate(0.905, 0.887, 0.922),
            "p@50": Estimate(0.725, 0.7, 0.748),
            "map@10:found": Estimate(0.9, 0.88, 0.92),
            "anmrr": Estimate(0.31, 0.29, 0.33),
        },
        per_class={
            label: {"map": value, "p@10": min(1.0, value + 0.2), "p@50": value, "map@10:found": value, "anmrr": 1 - value}
            for label, value in classes.items()
        },
        ceilings={"p@10": 1.0, "p@50": 0.94},
        precision_curve={k: 0.95 - 0.0045 * k for k in range(1, 101)},
        space=SPACE,
        protocol={
            "name": "loo",
            "queries": 600,
            "excluded": 2,
            "gallery": 601,
            "relevance": "same-class",
            "ties": "id",
            "mean": "query",
            "interval": {"kind": "query", "level": 0.95, "draws": 2000, "seed": 0},
        },
        worst=(JudgedQuery("river/<b>9.tif", 0.0123, ("river",), hits),),
        warnings=("2 queries have no relevant chip",),
    )
