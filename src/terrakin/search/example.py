"""An example from disk: an image or a box on a scene, read and embedded as the archive's chips were."""

from pathlib import Path

from terrakin.archive.options import IndexOptions
from terrakin.bundles.bundle import Bundle
from terrakin.bundles.passport import Passport
from terrakin.chips.box import box_window
from terrakin.chips.look import Look, look
from terrakin.chips.pixels import Pixels
from terrakin.chips.reader import SceneReader
from terrakin.chips.scaling import value_range
from terrakin.chips.thumbnail import thumbnail
from terrakin.chips.window import Box, Window
from terrakin.errors import SceneError
from terrakin.scenes.find import find, open_scene
from terrakin.scenes.scene import Scene, Skipped
from terrakin.scenes.select import select
from terrakin.search.query import Example

__all__ = ["embed_file", "read_file"]


def embed_file(path: Path, *, bundle: Bundle, options: IndexOptions, box: Box | None = None) -> Example:
    """Embed a whole image, or the part of a scene inside `box`.

    Args:
        path: an image or scene file, or a folder of bands.
        bundle: the archive's own.
        options: the archive's own: bands and scaling rule.
        box: on the ground; the scene must have geography.

    Raises:
        SceneError: if the file cannot be read, holds several scenes, or the box lies outside it.
        BandNotFoundError: if it lacks a band that the archive reads.
    """
    pixels, seen = _read(path, bundle.passport, options, box)
    words = str(path) if box is None else f"{path} box {','.join(f'{edge:g}' for edge in box)}"
    vector, lowered = bundle.ask(pixels.values)
    if lowered is not None:
        words += f" (no region reached the threshold of the codes; lowered to {lowered:.2f})"
    return Example(words, vector, thumbnail(pixels, seen))


def read_file(path: Path, *, passport: Passport, options: IndexOptions, box: Box | None = None) -> Pixels:
    """The pixels that `embed_file` embeds; takes and raises as it does, but for the passport, which is the bundle's."""
    return _read(path, passport, options, box)[0]


def _read(path: Path, passport: Passport, options: IndexOptions, box: Box | None) -> tuple[Pixels, Look]:
    scene = _only_scene(path, options)
    bands = select(scene, options.bands or passport.bands)
    window = Window(0, 0, scene.width, scene.height) if box is None else _squared(box_window(scene, box))
    rule = options.rule(passport)
    measured = value_range(scene, bands, rule)
    with SceneReader(scene, bands, measured, upsampling=passport.upsampling) as reader:
        pixels, valid_share = reader.read(window, size=passport.input_size)
    if valid_share == 0:
        raise SceneError(f"{path} has no valid pixel there; choose another part of it with --box")
    return pixels, look(scene, bands, measured, names=passport.bands, stretched=rule != options.scaling)


def _squared(window: Window) -> Window:
    """The square around a window: chips are squares, and a stretched picture looks like something else.

    >>> _squared(Window(10, 10, 40, 20))
    Window(col=10, row=0, width=40, height=40)
    """
    side = max(window.width, window.height)
    return Window(window.col - (side - window.width) // 2, window.row - (side - window.height) // 2, side, side)


def _only_scene(path: Path, options: IndexOptions) -> Scene:
    found = list(find(path, options=options.sources))
    scenes = [item for item in found if not isinstance(item, Skipped)]
    if len(scenes) != 1:
        reasons = [item.reason for item in found if isinstance(item, Skipped)]
        told = f" ({'; '.join(reasons[:3])}{'; ...' if len(reasons) > 3 else ''})" if reasons else ""
        raise SceneError(f"{path} holds {len(scenes)} scenes, a query needs one{told}; name one file")
    return open_scene(scenes[0])
