"""Offering a folder's files to the sources."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from terrakin.scenes.formats import ANNOTATIONS
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.scene import Candidate, Skipped
from terrakin.scenes.source import Listing, Source
from terrakin.scenes.unread import why_unread
from terrakin.scenes.walk import stat_files

__all__ = ["list_file", "offer"]

_BESIDE = (".aux.xml", ".msk")
"""Endings of side files that follow the whole name."""
_INSTEAD = (ANNOTATIONS, ".tfw", ".tifw", ".jgw", ".jpgw", ".pgw", ".pngw", ".wld", ".bpw", ".j2w", ".hdr")
"""Endings that stand in place of the extension."""


def offer(listing: Listing, sources: Sequence[Source]) -> Iterator[Candidate | Skipped]:
    """What the sources, in turn, make of the files of a folder; then the files that none of them takes and somebody may miss.

    Args:
        listing: of the folder.
        sources: in turn.
    """
    for source in sources:
        claim = source.claim(listing)
        yield from claim.found
        listing = listing.without(claim.files)
    for name in listing.files:
        if reason := why_unread(name):
            yield Skipped(listing.path(name), reason)


def list_file(path: str, *, root: str, options: SourceOptions) -> tuple[Listing | None, list[Skipped]]:
    """The listing of one file, together with what lies beside it and belongs to it.

    Args:
        path: absolute path of the file, with `/`.
        root: absolute path of the folder that its key is relative to.
        options: how scenes are to be read.

    Returns:
        None for the listing where the file cannot be looked at; and why.
    """
    folder, _, name = path.rpartition("/")
    stats, skipped = stat_files(folder, (name,))
    if not stats:
        return None, skipped
    stem = PurePosixPath(name).stem
    beside, _ = stat_files(folder, tuple(f"{name}{end}" for end in _BESIDE) + tuple(f"{stem}{end}" for end in _INSTEAD))
    prefix = folder[len(root) :].lstrip("/")
    return Listing(root, folder, f"{prefix}/" if prefix else "", stats | beside, options, named=True), []
