"""Lots: the order in which chips are drawn for a sample."""

import hashlib

__all__ = ["lot"]


def lot(name: str, purpose: str = "") -> bytes:
    """What a chip or a scene is drawn by: those with the smallest lots are the sample.

    The same names give the same sample, in whatever order they are listed, and samples for two purposes have no more in common
    than chance gives.
    """
    return hashlib.blake2b(name.encode(), digest_size=8, person=purpose.encode()).digest()
