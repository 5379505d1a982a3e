"""Chips of an archive, read again from their scenes."""

from collections.abc import Sequence

from terrakin.archive.ledger import Ledger
from terrakin.archive.options import IndexOptions
from terrakin.archive.store import Store
from terrakin.bundles.passport import Passport
from terrakin.chips.pixels import Pixels
from terrakin.chips.reader import SceneReader
from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.select import select

__all__ = ["read_again"]


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
    rows = store.take(list(ids), ["id", "scene", "col", "row", "width", "height"]).to_pylist()
    scenes = {scene.uri: (scene, found) for scene, found in ledger.scenes(sorted({row["scene"] for row in rows}))}
    pixels = []
    for row in rows:
        if row["scene"] not in scenes:
            raise SceneError(f"the archive knows the chip {row['id']!r} but not its scene {row['scene']}; index it again")
        scene, found = scenes[row["scene"]]
        bands = select(scene, options.bands or passport.bands)
        try:
            with SceneReader(scene, bands, found) as reader:
                window = Window(row["col"], row["row"], row["width"], row["height"])
                pixels.append(reader.read(window, size=passport.input_size)[0])
        except SceneError as exc:
            raise SceneError(f"the chip {row['id']!r} cannot be read again where it was indexed: {exc}") from exc
    return pixels
