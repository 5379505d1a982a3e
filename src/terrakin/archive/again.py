"""Chips of an archive, read again from their scenes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from terrakin.archive.ledger import Ledger
from terrakin.archive.options import IndexOptions
from terrakin.archive.store import Store
from terrakin.bundles.passport import Passport
from terrakin.chips.pixels import Pixels
from terrakin.chips.reader import SceneReader
from terrakin.chips.scaling import ValueRange
from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.scene import Scene
from terrakin.scenes.select import select

__all__ = ["Found", "find_again", "read_again", "read_found"]


@dataclass(frozen=True, slots=True)
class Found:
    """Chips of one scene, and how they were read when they were indexed."""

    scene: Scene
    """As it was then."""
    value_range: ValueRange
    """What was mapped to [0, 1] then: the archive's rule could give another range today."""
    chips: tuple[tuple[int, str, Window], ...]
    """Place among the chips that are asked for, id, window; at least one."""


def read_again(store: Store, ledger: Ledger, ids: Sequence[str], *, passport: Passport, options: IndexOptions) -> list[Pixels]:
    """The pixels of chips as they were read when they were indexed, in the order of `ids`.

    Scenes are taken where they lay then, with the value range that was found then.

    Args:
        store: the archive's.
        ledger: the archive's.
        ids: of chips.
        passport: of the archive's bundle.
        options: the archive's.

    Raises:
        ChipNotFoundError: if there is no chip of an id.
        SceneError: if a scene is gone or cannot be read.
    """
    read: dict[int, Pixels] = {}
    for found in find_again(store, ledger, ids):
        read |= dict(zip((place for place, _, _ in found.chips), read_found(found, passport, options), strict=True))
    return [read[place] for place in range(len(ids))]


def find_again(store: Store, ledger: Ledger, ids: Sequence[str]) -> list[Found]:
    """Where chips lie, by scene.

    Raises:
        ChipNotFoundError: if there is no chip of an id.
        SceneError: if a chip's scene is not known.
    """
    chips: dict[str, list[tuple[int, str, Window]]] = {}
    if not ids:
        return []
    rows = store.take(list(ids), ["id", "scene", "col", "row", "width", "height"]).to_pylist()
    for place, row in enumerate(rows):
        window = Window(row["col"], row["row"], row["width"], row["height"])
        chips.setdefault(row["scene"], []).append((place, row["id"], window))
    scenes = {scene.uri: (scene, value_range) for scene, value_range in ledger.scenes(sorted(chips))}
    if unknown := [(uri, of_scene[0][1]) for uri, of_scene in chips.items() if uri not in scenes]:
        uri, name = unknown[0]
        raise SceneError(f"the archive knows the chip {name!r} but not its scene {uri}; index it again")
    return [Found(*scenes[uri], tuple(of_scene)) for uri, of_scene in chips.items()]


def read_found(found: Found, passport: Passport, options: IndexOptions) -> Iterator[Pixels]:
    """The pixels of each of the chips, one after another.

    Raises:
        SceneError: if the scene is gone or cannot be read, naming the chip.
    """
    chip = found.chips[0]
    bands = select(found.scene, options.bands or passport.bands)
    try:
        with SceneReader(found.scene, bands, found.value_range, upsampling=passport.upsampling) as reader:
            for chip in found.chips:
                yield reader.read(chip[2], size=passport.input_size)[0]
    except SceneError as exc:
        raise SceneError(f"the chip {chip[1]!r} cannot be read again where it was indexed: {exc}") from exc
