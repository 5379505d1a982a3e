"""The codes of an archive: brought to what its options ask for."""

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
    """Fit the hash function that is wanted, where the bundle has another or none, and give every chip its code.

    While there is no chip, it is noted for later. Killed at any moment, the same call goes on.

    Args:
        path: of the archive, which nobody else writes to.
        said: its manifest.
        wanted: its options from now on.
        bundle: in use.
        store: its chips.
        progress: told that a hash function is being fitted; how long that takes is not known.

    Returns:
        The manifest and the bundle in use from now on; the manifest is written.

    Raises:
        HashingError: if it cannot be fitted on what there is; everything stays as it was.
    """
    name, bits = wanted.hash, wanted.bits
    held = None if bundle.hasher is None else (bundle.hasher.kind, bundle.hasher.bits)
    if name is None or bits is None or held == (name, bits) or not store.count():
        if wanted != said.options:
            said = replace(said, options=wanted)
            manifest.write(path, said)
        return said, bundle
    progress(store.count(), None, f"fitting {name}, {bits} bits")
    hashed = bundle.with_hasher(fit_hash_function(store, name, bits))
    store.drop_codes()
    folder = f"{HASHED}{name}-{bits}"
    shutil.rmtree(path / folder, ignore_errors=True)
    hashed.save(path / folder)
    before, said = said.bundle, replace(said, options=wanted, bundle=folder)
    manifest.write(path, said)
    if before.startswith(HASHED):
        shutil.rmtree(path / before, ignore_errors=True)
    complete_codes(store, hashed)
    return said, hashed
