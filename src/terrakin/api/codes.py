"""The codes of an archive: brought to what its options ask for."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from terrakin.archive import manifest
from terrakin.archive.encoding import fit_hash_function
from terrakin.archive.manifest import Manifest
from terrakin.archive.options import IndexOptions
from terrakin.archive.store import Store
from terrakin.bundles.bundle import Bundle
from terrakin.progress import Progress, silent
from terrakin.spaces.space import Space

__all__ = ["HASHED", "complete_codes", "renew_codes"]

HASHED = "bundle-hashed-"
"""Head of the name of the folder of an archive's bundle with a hash function that was fitted on it."""


def complete_codes(store: Store, bundle: Bundle) -> None:
    """Give every chip the code that the bundle's hash function makes, where it has one and a run broke off before that.

    The codes in a store are always those of the bundle in use: a hash function is replaced only while there are no codes.
    """
    if bundle.hasher is not None and store.codes is None:
        store.add_codes(Space("hamming", bundle.hasher.bits), bundle.codes)


def renew_codes(
    path: Path, said: Manifest, wanted: IndexOptions, bundle: Bundle, store: Store, *, progress: Progress = silent
) -> tuple[Manifest, Bundle]:
    """Fit the hash function that is wanted, where it is another than what was asked for before, and give every chip its code.

    While there is no chip, it is noted for later. Killed at any moment, the same call goes on.

    Args:
        path: of the archive, which nobody else writes to.
        said: its manifest.
        wanted: its options from now on.
        bundle: in use.
        store: its chips.
        progress: told that a hash function is being fitted, and how far it is where that takes long.

    Returns:
        The manifest and the bundle in use from now on; the manifest is written.

    Raises:
        HashingError: if it cannot be fitted on what there is; everything stays as it was.
    """
    words, bits = wanted.hash, wanted.bits
    own = bundle.hasher is not None and not said.bundle.startswith(HASHED)
    fitted = said.bundle.startswith(HASHED) and (words, bits) == (said.options.hash, said.options.bits)
    if words is None or bits is None or own or fitted or not store.count():
        if wanted != said.options:
            said = replace(said, options=wanted)
            manifest.write(path, said)
        return said, bundle
    progress(0, None, f"fitting {words}, {bits} bits")
    hashed = bundle.with_hasher(fit_hash_function(store, words, bits, progress=progress))
    store.drop_codes()
    folder = f"{HASHED}{_folder_name(words)}-{bits}"
    shutil.rmtree(path / folder, ignore_errors=True)
    hashed.save(path / folder)
    before, said = said.bundle, replace(said, options=wanted, bundle=folder)
    manifest.write(path, said)
    if before.startswith(HASHED):
        shutil.rmtree(path / before, ignore_errors=True)
    complete_codes(store, hashed)
    return said, hashed


def _folder_name(words: str) -> str:
    """A hash function's name, with a digest of its options where it is asked for with some.

    Other words give another name: what is written is never the folder in use, which goes once the manifest names the new one.
    """
    name, _, options = words.partition(":")
    return name if not options else f"{name}-{hashlib.blake2b(options.encode(), digest_size=4).hexdigest()}"
