"""An explanation for people: as a picture, and as lines of text."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from terrakin.chips.look import shown_bands
from terrakin.search.explanation import ExplainedImage, Explanation, Step
from terrakin.views import wording
from terrakin.views.typeface import Font, face, fit, wrapped

__all__ = ["explanation_sheet", "plain_explanation"]

_INK, _QUIET, _PAPER = "#1b2430", "#66717f", "#ffffff"
_TILE, _FRAME, _GAP, _MARGIN, _CAPTION = 208, 4, 20, 40, 380
_CELL = _TILE + 2 * _FRAME
_LEADING = 18
_HEAD, _COLUMNS = 44, 30
# Heights of the title and of the words above the columns.


def explanation_sheet(explanation: Explanation) -> Image.Image:
    """Draw a row for the query, framed in ink, and for each hit: as it came, after each conversion, its parameters in words.

    Pictures are of the bands that thumbnails show, clipped to [0, 1].

    Returns:
        An RGB picture.
    """
    rows = [_row(image, explanation) for image in explanation.images]
    width = max(row.width for row in rows) + 2 * _MARGIN
    height = 2 * _MARGIN + _HEAD + _COLUMNS + sum(row.height for row in rows) + _GAP * (len(rows) - 1)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _title(draw, width, explanation)
    top = _MARGIN + _HEAD
    for column, words in enumerate(["as it came", *(f"after {_named(step)}" for step in explanation.images[0].steps)]):
        draw.text((_MARGIN + column * (_CELL + _GAP) + _FRAME, top), fit(words, face(13), _TILE), font=face(13), fill=_QUIET)
    top += _COLUMNS
    for row in rows:
        sheet.paste(row, (_MARGIN, top))
        top += row.height + _GAP
    return sheet


def plain_explanation(explanation: Explanation) -> str:
    """A line for the query and for each hit, each with a line a conversion beneath."""
    wide = max((len(step.conversion) for image in explanation.images for step in image.steps), default=0)
    lines = []
    for image in explanation.images:
        lines.append(f"{_said(image, explanation)}  {wording.printable(image.id)}")
        lines += [f"    {step.conversion:<{wide}}  {wording.printable(step.reading.words)}" for step in image.steps]
    return "\n".join(lines) + "\n"


def _said(image: ExplainedImage, explanation: Explanation) -> str:
    if image.rank is None or image.distance is None:
        return "query"
    return f"{image.rank}  {wording.distance(image.distance, explanation.space)}"


def _named(step: Step) -> str:
    """A conversion as a heading tells it: "spatial (affine)"."""
    return step.conversion if step.reading.kind == "other" else f"{step.reading.kind} ({step.conversion})"


def _title(draw: ImageDraw.ImageDraw, width: int, explanation: Explanation) -> None:
    room, name = width - 2 * _MARGIN, fit(wording.printable(explanation.archive), face(17, "bold"), width // 3)
    draw.text((_MARGIN, _MARGIN + 16), name, font=face(17, "bold"), fill=_INK, anchor="ls")
    used = round(face(17, "bold").getlength(name)) + 14
    words = f"{explanation.model} · front-end {explanation.frontend} · {wording.space_words(explanation.space)}"
    if explanation.filter:
        words += f" · where {wording.printable(explanation.filter)}"
    draw.text((_MARGIN + used, _MARGIN + 16), fit(words, face(14), room - used), font=face(14), fill=_QUIET, anchor="ls")


def _row(image: ExplainedImage, explanation: Explanation) -> Image.Image:
    shown = shown_bands(explanation.bands)
    pictures = [_picture(values, shown) for values in (image.image, *(step.image for step in image.steps))]
    lines = _caption(image, explanation)
    left = len(pictures) * (_CELL + _GAP)
    row = Image.new("RGB", (left + _CAPTION, max(_CELL, _FRAME + len(lines) * _LEADING)), _PAPER)
    draw = ImageDraw.Draw(row)
    for column, picture in enumerate(pictures):
        place = column * (_CELL + _GAP)
        if image.role == "query":
            draw.rectangle([place, 0, place + _CELL - 1, _CELL - 1], fill=_INK)
        row.paste(picture, (place + _FRAME, _FRAME))
    for number, (text, font, colour) in enumerate(lines):
        draw.text((left, _FRAME + number * _LEADING), text, font=font, fill=colour)
    return row


def _caption(image: ExplainedImage, explanation: Explanation) -> list[tuple[str, Font, str]]:
    head = "Query" if image.role == "query" else _said(image, explanation)
    names = wording.labels(image.labels)
    lines = [(fit(f"{head}  {names}" if names else head, face(14, "bold"), _CAPTION), face(14, "bold"), _INK)]
    lines.append((fit(wording.short_id(image.id), face(12), _CAPTION), face(12), _QUIET))
    for step in image.steps:
        lines.append(("", face(12), _QUIET))
        lines.append((fit(_named(step), face(13, "bold"), _CAPTION), face(13, "bold"), _INK))
        lines += [(text, face(13), _INK) for text in wrapped(_together(step.reading.words), face(13), _CAPTION)]
    return lines


def _together(words: str) -> str:
    """Words whose lines may not end between a number and its sign."""
    return re.sub(r" (?=[%×])|(?<=[×+-]) ", "\N{NO-BREAK SPACE}", wording.printable(words))


def _picture(values: NDArray[np.float32], shown: Sequence[int]) -> Image.Image:
    """Bands of an image (C, H, W) as a picture of the sheet's size."""
    shades = np.nan_to_num(np.clip(values[list(shown)], 0, 1)) * 255 + 0.5
    bands = [Image.fromarray(band) for band in shades.astype(np.uint8)]
    picture = Image.merge("RGB", bands) if len(bands) == 3 else bands[0].convert("RGB")
    return picture.resize((_TILE, _TILE), Image.Resampling.LANCZOS)
