"""The contact sheet: queries and what they found, as one picture."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from terrakin.errors import OutputError
from terrakin.search.ranking import Hit, Ranking
from terrakin.views import wording
from terrakin.views.output import written
from terrakin.views.typeface import Font, face, fit

__all__ = ["FRAMES", "contact_sheet", "save_sheet"]

FRAMES: dict[wording.Verdict, str] = {"same": "#1f9d55", "other": "#d64545", "unknown": "#c5cbd3"}
"""Colour of a hit's frame, by whether it shares a label with its query."""

_INK, _QUIET, _LINE, _PAPER, _EMPTY = "#1b2430", "#66717f", "#e3e7ec", "#ffffff", "#eef1f4"
_TILE, _FRAME, _GAP, _MARGIN = 184, 4, 20, 40
_CELL = _TILE + 2 * _FRAME
_LEADING = 19
_TITLE = 44
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_LARGEST = 4096
"""Longest side in pixels of a thumbnail that is decoded; they are small, so anything larger is a trap."""


def contact_sheet(rankings: Sequence[Ranking], *, columns: int = 5) -> Image.Image:
    """Draw each query, framed in ink, beside its hits in reading order with rank, distance, labels, id and date.

    Where the labels of both are known, a hit has a green frame and a tick if it shares one with its query, else a red frame and
    a cross.

    Args:
        rankings: at least one; a query after the other from the top.
        columns: hits side by side, at least 1.

    Returns:
        An RGB picture as wide as `columns` need.
    """
    if not rankings or columns < 1:
        raise ValueError(f"wanted at least 1 ranking and 1 column, got {len(rankings)} and {columns}")
    blocks = [_block(ranking, columns) for ranking in rankings]
    heads = [wording.headline(ranking) for ranking in rankings]
    width = blocks[0].width + 2 * _MARGIN
    # One head for all where they agree, else each query gets its own.
    own = len(set(heads)) > 1
    height = 2 * _MARGIN + sum(block.height for block in blocks) + (len(blocks) - 1) * 2 * _GAP
    height += _TITLE * (len(heads) if own else 1)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    top = _MARGIN
    for number, block in enumerate(blocks):
        if number:
            top += _GAP
            draw.line([(_MARGIN, top), (width - _MARGIN, top)], fill=_LINE, width=1)
            top += _GAP
        if own or not number:
            _title(draw, top, width, rankings[number])
            top += _TITLE
        sheet.paste(block, (_MARGIN, top))
        top += block.height
    return sheet


def save_sheet(path: Path, sheet: Image.Image) -> None:
    """Write a picture as PNG, JPEG or WebP, by the ending of `path`.

    Raises:
        OutputError: if the ending is another, or `path` cannot be written.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise OutputError(f"cannot write {path}: a sheet ends in {', '.join(_FORMATS)}; give such a path")
    with written(path) as partial, partial.open("wb") as file:
        sheet.save(file, kind)


def _title(draw: ImageDraw.ImageDraw, top: int, width: int, ranking: Ranking) -> None:
    name, room = wording.printable(ranking.archive), width - 2 * _MARGIN
    name = fit(name, face(17, "bold"), room // 2)
    draw.text((_MARGIN, top + 16), name, font=face(17, "bold"), fill=_INK, anchor="ls")
    used = round(face(17, "bold").getlength(name)) + 14
    words = fit(wording.circumstances(ranking), face(14), room - used)
    draw.text((_MARGIN + used, top + 16), words, font=face(14), fill=_QUIET, anchor="ls")


def _block(ranking: Ranking, columns: int) -> Image.Image:
    """One query on the left, its hits on the right."""
    dated = any(hit.datetime for hit in ranking.hits)
    labelled = any(hit.labels for hit in ranking.hits)
    cell_height = _CELL + _LEADING * (2 + dated + labelled) + 10
    rows = max(1, -(-len(ranking.hits) // columns))
    left = _CELL + 2 * _GAP
    block = Image.new("RGB", (left + columns * (_CELL + _GAP) - _GAP, rows * (cell_height + _GAP) - _GAP), _PAPER)
    draw = ImageDraw.Draw(block)
    _picture(block, draw, (0, 0), ranking.thumbnail, _INK)
    lines = [("Query", face(14, "bold"), _INK), (wording.labels(ranking.labels), face(13), _INK)]
    _caption(draw, (0, _CELL), [line for line in lines if line[0]] + [(wording.short_id(ranking.query), face(12), _QUIET)])
    if not ranking.hits:
        draw.text((left, 8), "No chip passes the filter." if ranking.filter else "No hits.", font=face(15), fill=_QUIET)
    for number, hit in enumerate(ranking.hits):
        place = left + number % columns * (_CELL + _GAP), number // columns * (cell_height + _GAP)
        _hit(block, draw, place, hit, ranking, labelled=labelled)
    return block


def _hit(
    block: Image.Image,
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    hit: Hit,
    ranking: Ranking,
    *,
    labelled: bool,
) -> None:
    verdict = wording.verdict(ranking.labels, hit)
    _picture(block, draw, place, hit.thumbnail, FRAMES[verdict])
    if verdict != "unknown":
        _mark(draw, (place[0] + _CELL - 16, place[1] + 16), verdict)
    below = place[0], place[1] + _CELL
    far = wording.distance(hit.distance, ranking.space)
    draw.text((below[0] + _CELL, below[1] + 6), far, font=face(13), fill=_QUIET, anchor="ra")
    lines = [(f"{hit.rank}", face(14, "bold"), _INK)]
    if labelled:
        lines.append((wording.labels(hit.labels) or "–", face(13), _INK if hit.labels else _QUIET))
    lines.append((wording.short_id(hit.id), face(12), _QUIET))
    if hit.datetime:
        lines.append((wording.date(hit.datetime), face(12), _QUIET))
    _caption(draw, below, lines)


def _picture(
    block: Image.Image, draw: ImageDraw.ImageDraw, place: tuple[int, int], thumbnail: bytes | None, frame: str
) -> None:
    left, top = place
    draw.rectangle([left, top, left + _CELL - 1, top + _CELL - 1], fill=_EMPTY, outline=frame, width=_FRAME)
    picture = None if thumbnail is None else _decoded(thumbnail)
    if picture is None:
        draw.text((left + _CELL / 2, top + _CELL / 2), "no thumbnail", font=face(12), fill=_QUIET, anchor="mm")
        return
    scale = _TILE / max(picture.size)
    picture = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.LANCZOS
    )
    block.paste(picture, (left + (_CELL - picture.width) // 2, top + (_CELL - picture.height) // 2))


def _decoded(thumbnail: bytes) -> Image.Image | None:
    """The picture, or None where it is broken: one bad thumbnail must not cost the sheet."""
    try:
        with Image.open(io.BytesIO(thumbnail), formats=("JPEG", "PNG")) as picture:
            return picture.convert("RGB") if max(picture.size) <= _LARGEST else None
    except (OSError, ValueError, SyntaxError):
        # Pillow tells of broken files by these three.
        return None


def _mark(draw: ImageDraw.ImageDraw, centre: tuple[int, int], verdict: wording.Verdict) -> None:
    """A tick or a cross on a disc, for eyes that do not tell green from red."""
    x, y = centre
    draw.ellipse([x - 10, y - 10, x + 10, y + 10], fill=FRAMES[verdict], outline=_PAPER, width=2)
    strokes = [[(-4, 0), (-1, 4), (5, -4)]] if verdict == "same" else [[(-4, -4), (4, 4)], [(-4, 4), (4, -4)]]
    for stroke in strokes:
        draw.line([(x + dx, y + dy) for dx, dy in stroke], fill=_PAPER, width=2)


def _caption(draw: ImageDraw.ImageDraw, place: tuple[int, int], lines: Sequence[tuple[str, Font, str]]) -> None:
    for number, (text, font, colour) in enumerate(lines):
        draw.text((place[0], place[1] + 6 + number * _LEADING), fit(text, font, _CELL), font=font, fill=colour)
