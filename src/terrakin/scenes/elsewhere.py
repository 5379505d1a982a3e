"""Assets of STAC items that lie in other folders than their items."""

from terrakin.errors import SceneError
from terrakin.scenes.item import MAX_ITEM_BYTES, json_names, read_item
from terrakin.scenes.scene import Skipped
from terrakin.scenes.stamp import stat_file
from terrakin.scenes.walk import walk

__all__ = ["assets_elsewhere"]


def assets_elsewhere(root: str) -> set[str]:
    """Absolute paths of all assets that do not lie in their item's folder, in and below `root`.

    The folders of such assets may come before their items', so a walk must know of them when it sets out.

    Args:
        root: absolute path of a folder.
    """
    paths: set[str] = set()
    for folder in walk(root):
        if isinstance(folder, Skipped):
            continue
        for name in json_names(folder.names):
            path = f"{folder.path}/{name}"
            try:
                item = read_item(path) if stat_file(path)[0] <= MAX_ITEM_BYTES else None
            except (SceneError, OSError):
                continue  # the walk says so when it comes to it
            if item:
                paths |= {a.path for a in item.assets if a.path and a.path.rpartition("/")[0] != folder.path}
    return paths
