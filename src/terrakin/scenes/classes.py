"""Whether a folder is a data set of one folder a class."""

from terrakin.scenes.filenames import band_file
from terrakin.scenes.formats import extension, is_picture
from terrakin.scenes.scene import Skipped
from terrakin.scenes.walk import walk

__all__ = ["is_class_folders"]


def is_class_folders(root: str) -> bool:
    """True where every image lies in a class folder directly below `root`.

    That is so where `root` itself holds no images; at least two folders below it hold images; the name of each of these has a
    letter (folders of years, dates or tile numbers are not classes); no folder is nested deeper; and no folder holds per-band
    files or json, which make scenes of several files. Images are pictures and TIFF files; TIFF files turn out to be pictures
    or not when they are opened, and those with geography then get no label.

    Args:
        root: absolute path of a folder. Only names are looked at, until the first that decides.
    """
    classes = 0
    for folder in walk(root):
        if isinstance(folder, Skipped):
            continue
        images = sum(is_picture(name) or extension(name) in {".tif", ".tiff"} for name in folder.names)
        if not folder.prefix:
            if images:
                return False
            continue
        if folder.prefix.count("/") > 1:
            return False
        if images:
            classes += 1
            if not any(character.isalpha() for character in folder.prefix) or any(map(_is_part, folder.names)):
                return False
    return classes >= 2


def _is_part(name: str) -> bool:
    return extension(name) in {".json", ".geojson"} or band_file(name) is not None
