"""What a chip is called: the unit that is embedded and found."""

from terrakin.chips.window import Window

__all__ = ["chip_id"]


def chip_id(key: str, window: Window | None) -> str:
    """The readable, stable id of a chip.

    Args:
        key: the scene's key.
        window: None where the chip is the whole scene.

    >>> chip_id("harbor/harbor01.tif", None)
    'harbor/harbor01.tif'
    >>> chip_id("scene.tif", Window(256, 0, 256, 256))
    'scene.tif#256,0,256,256'
    """
    return key if window is None else f"{key}#{window}"
