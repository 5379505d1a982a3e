"""Draw the picture of the README: three queries on generated scenes, each with the chips that were found.

    python tools/make_readme_picture.py

Writes `docs/images/sheet.webp`. The scenes, the chips and the ranking are those of `terrakin demo`.
"""

import contextlib
import tempfile
from pathlib import Path

from PIL import Image

from terrakin.api.archive import Archive
from terrakin.api.demo import demo
from terrakin.views.sheet import contact_sheet

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "sheet.webp"

QUERIES = (
    "scene-04_2023-07-27.tif#256,256,256,256",
    "scene-01_2022-10-21.tif#512,0,256,256",
    "scene-02_2020-08-20.tif#768,768,256,256",
)
"""Ids of a harbour, of fields, and of houses."""

HITS = 5
"""Hits a query."""

LARGEST = 95_000
"""Bytes that the file may have."""


def draw(archive: Archive) -> Image.Image:
    """The contact sheet of `QUERIES`."""
    return contact_sheet([archive.search(query, k=HITS).ranking for query in QUERIES])


def save(picture: Image.Image, path: Path) -> None:
    """Write `picture` as WebP, in the best quality that fits into `LARGEST` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in range(90, 20, -5):
        picture.save(path, "WEBP", quality=quality, method=6)
        if path.stat().st_size <= LARGEST:
            return
    raise SystemExit(f"{path} does not fit into {LARGEST:,} bytes; draw fewer hits")


if __name__ == "__main__":
    # Inside the folder, because the sheet is headed by the archive's path.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        made = demo(Path("demo"))
        save(draw(Archive.open(made.archive)), PICTURE)
        print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
