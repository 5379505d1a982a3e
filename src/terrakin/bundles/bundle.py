"""A bundle: a trained model as files, opened for work."""

import copy
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles import passport_json
from terrakin.bundles.conversions import step_output
from terrakin.bundles.graph import Graph
from terrakin.bundles.hash_file import hashing_of, read_hasher, write_hasher
from terrakin.bundles.members import CARD, HASHER, MODEL, MULTICODE, PASSPORT, REDUCER, read_members, write_members
from terrakin.bundles.multicode_file import coding_of, read_multi_code, write_multi_code
from terrakin.bundles.passport import Hashing, Passport
from terrakin.bundles.reducer import Reducer, read_reducer, write_reducer
from terrakin.errors import BundleError, UnknownNameError
from terrakin.hashing.hasher import Hasher
from terrakin.hashing.multicode import MultiCode, regions_of
from terrakin.regions.describe import size
from terrakin.registry import Registry
from terrakin.spaces.kinds import Packed, pack
from terrakin.spaces.space import Space

__all__ = ["BUNDLES", "DEFAULT", "Bundle", "open_bundle"]

BUNDLES = Registry[Path](
    "bundles",
    {
        "aid-mobilenetv2": "terrakin.bundles.shipped:AID_MOBILENETV2",
        "imagenet-mobilenetv2": "terrakin.bundles.shipped:IMAGENET_MOBILENETV2",
    },
)
"""Shipped bundles: the folder or .zip of each, by name."""

DEFAULT = "aid-mobilenetv2"
"""Name of the bundle that is used where none is named."""


class Bundle:
    """A trained model: its passport, its graph, its reducer, its hash function. Any number of threads may use one at once."""

    passport: Passport
    """What it needs and gives."""
    card: str
    """Origin, licence, intended use and limits, for people, in Markdown."""
    model: bytes
    """The ONNX file."""
    reducer: Reducer | None
    """What is applied to the graph's embedding, where there is something."""
    hasher: Hasher | None
    """What makes codes of embeddings, where there is something."""
    multi_code: MultiCode | None
    """What makes sets of codes of images, in place of the graph, where there is something."""

    def __init__(
        self,
        passport: Passport,
        *,
        model: bytes,
        card: str,
        reducer: Reducer | None = None,
        hasher: Hasher | None = None,
        multi_code: MultiCode | None = None,
    ) -> None:
        """A bundle of its parts.

        Args:
            passport: must carry the digests of the other parts.
            model: the ONNX file. It is loaded when the first image is embedded.
            card: Markdown.
            reducer: the one that the passport names, if it names one.
            hasher: likewise.
            multi_code: likewise.

        Raises:
            BundleError: if the passport names another model, reducer, hash function or multi-code hashing.
        """
        if hashlib.sha256(model).hexdigest() != passport.digest:
            raise BundleError(f"the model file is not the one that the passport of {passport.name} names: sha256 differs")
        if (reducer.provenance if reducer else None) != passport.reducer:
            raise BundleError(f"the reducer is not the one that the passport of {passport.name} names")
        if not _is_named(hasher, passport.hasher):
            raise BundleError(f"the hash function is not the one that the passport of {passport.name} names")
        if not _is_coded(multi_code, passport):
            raise BundleError(f"the multi-code hashing is not the one that the passport of {passport.name} names")
        self.passport = passport
        self.card = card
        self.reducer = reducer
        self.hasher = hasher
        self.multi_code = multi_code
        self.model = model
        self._graph = Graph(model, passport)

    def embed(self, values: NDArray[np.float32]) -> Packed:
        """Embeddings as they are stored: reduced, then packed for the passport's space.

        The first call loads the model and runs its self-test (about 0.1 s). A call takes one thread, the caller's own; call
        from as many threads as there are cores. With multi-code hashing the model is not loaded: images are cut into regions,
        and these become sets of codes.

        Args:
            values: (N, C, H, W) float32 in [0, 1], bands in the passport's order. Not modified.

        Returns:
            (N, `passport.space.width`) of `passport.space.dtype`.

        Raises:
            ValueError: for values of another shape or type.
            BundleError: if the model cannot be run, fails its self-test, or gives what the space cannot hold.
        """
        if self.multi_code is not None:
            return self.multi_code.encode(regions_of(self.multi_code.describer, values))
        vectors = self.raw(values)
        if self.reducer is not None:
            vectors = self.reducer.apply(vectors)
        try:
            return pack(self.passport.space, vectors)
        except ValueError as exc:
            raise BundleError(f"{self.passport.name} gives an embedding that its space cannot hold: {exc}") from exc

    def ask(self, values: NDArray[np.float32]) -> tuple[Packed, float | None]:
        """An image as a query: its embedding, and for multi-code hashing the threshold where it had to be lowered.

        Args:
            values: (C, H, W), else as `embed` takes them.

        Returns:
            (W,) packed; and the lower threshold by which the image shows a kind of region, None where it does so anyway.
        """
        if self.multi_code is None:
            vector: Packed = self.embed(values[np.newaxis])[0]
            return vector, None
        asked = self.multi_code.ask(regions_of(self.multi_code.describer, values[np.newaxis])[0])
        return asked.codes, asked.threshold if asked.lowered else None

    def raw(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings (N, D) as they leave the graph, before reducer and packing; takes and raises as `embed`."""
        return self._graph.run("embedding", values)

    def codes(self, vectors: NDArray[np.float32]) -> Packed:
        """Codes of embeddings, packed for a Hamming space of the hash function's bits.

        Args:
            vectors: (N, D) as `embed` gives them. Not modified.

        Returns:
            (N, bits / 8) uint8.

        Raises:
            BundleError: if the bundle has no hash function.
            ValueError: for vectors of another shape, or NaN or infinity.
        """
        if self.hasher is None:
            raise BundleError(f"{self.passport.name} has no hash function; fit one and give it with with_hasher")
        return self.hasher.codes(vectors)

    def features(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The graph's last feature maps (N, D, h, w), where it gives them; takes and raises as `embed`."""
        return self._graph.run("features", values)

    def logits(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The graph's class logits (N, classes), where it gives them; takes and raises as `embed`."""
        return self._graph.run("logits", values)

    def theta(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """By which parameters (N, P) a front-end converts each image, where there is one; takes and raises as `embed`."""
        return self._graph.run("theta", values)

    def steps(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Images (N, C, h, w) after each conversion of a front-end, by its name, the first first; empty without a front-end.

        Takes and raises as `embed`. Values can leave [0, 1].
        """
        order = () if self.passport.frontend is None else self.passport.frontend.order
        return {name: self._graph.run(step_output(name), values) for name in order}

    def with_reducer(self, reducer: Reducer) -> "Bundle":
        """The same model followed by `reducer`, in place of any that it has. The two bundles share one loaded graph.

        A hash function does not stay: it was fitted to other embeddings.

        Raises:
            BundleError: if the reducer was fitted on embeddings of another size, or the model's do not compare by cosine.
        """
        name, space, wide = self.passport.name, self.passport.space, self.passport.embedding_size
        if space.kind != "cosine":
            raise BundleError(f"embeddings of {name} compare by {space.kind}; a reducer needs cosine")
        if reducer.provenance.size_in != wide:
            raise BundleError(f"the reducer takes {reducer.provenance.size_in} dimensions and {name} gives {wide}")
        other = copy.copy(self)
        other.reducer = reducer
        other.hasher = None
        space = Space("cosine", reducer.provenance.size)
        other.passport = replace(self.passport, reducer=reducer.provenance, space=space, hasher=None)
        return other

    def with_hasher(self, hasher: Hasher, *, fitted_on: str = "archive") -> "Bundle":
        """The same model with a hash function, in place of any that it has. The two bundles share one loaded graph.

        Embeddings and how they compare stay as they are; codes are made of them by `codes`.

        Args:
            hasher: fitted to embeddings as `embed` gives them.
            fitted_on: what they were embeddings of, in words.

        Raises:
            BundleError: if the hash function reads another number of dimensions, or embeddings are codes already.
        """
        name, space = self.passport.name, self.passport.space
        if space.is_binary:
            raise BundleError(f"embeddings of {name} are codes already; a hash function needs floats")
        if hasher.size != space.size:
            raise BundleError(f"the hash function reads {hasher.size} dimensions and {name} gives {space.size}")
        other = copy.copy(self)
        other.hasher = hasher
        other.passport = replace(self.passport, hasher=hashing_of(hasher, fitted_on))
        return other

    def with_multi_code(self, coder: MultiCode, *, fitted_on: str = "archive") -> "Bundle":
        """A bundle that reads images as this one does, and makes sets of codes of their regions in place of embeddings.

        Args:
            coder: fitted on images as this bundle reads them.
            fitted_on: what they were, in words.

        Raises:
            BundleError: if its regions are of another number of bands.
        """
        passport = self.passport
        wanted, found = size(len(passport.bands)), len(coder.primitives.standard.mean)
        if found != wanted:
            raise BundleError(f"regions of {len(passport.bands)} bands have {wanted} numbers, and the codes are of {found}")
        coding = coding_of(coder, passport.embedding_size, fitted_on)
        other = copy.copy(self)
        other.reducer, other.hasher, other.multi_code = None, None, coder
        other.passport = replace(passport, reducer=None, hasher=None, multi_code=coding, space=coder.space)
        return other

    def with_regions_kept(self, folder: Path) -> "Bundle":
        """The same, with a folder that keeps descriptors of regions, so that no image is cut twice; for multi-code hashing."""
        other = copy.copy(self)
        other.multi_code = None if self.multi_code is None else self.multi_code.cached(folder)
        return other

    def self_check(self) -> None:
        """Run the passport's self-test, which also runs by itself before the first image is embedded.

        Raises:
            BundleError: if the model cannot be run, or gives other values than when the bundle was made.
        """
        self._graph.self_check()

    def save(self, path: Path) -> None:
        """Write the bundle to `path`, where there is nothing yet: a zip where it ends in `.zip`, else a folder.

        Raises:
            BundleError: if there is something, or it cannot be written; nothing is left behind.
        """
        members = {PASSPORT: passport_json.write(self.passport).encode(), MODEL: self.model, CARD: self.card.encode()}
        if self.reducer is not None:
            members[REDUCER] = write_reducer(self.reducer)
        if self.hasher is not None:
            members[HASHER] = write_hasher(self.hasher)
        if self.multi_code is not None:
            members[MULTICODE] = write_multi_code(self.multi_code)
        write_members(path, members)


def open_bundle(name_or_path: str | Path) -> Bundle:
    """Open a bundle: a shipped one by name, or any by the path of its folder or .zip.

    Files are read and their digests compared (milliseconds); the model is loaded and tested when it first embeds. A shipped
    name wins over a folder of that name; write `./name` for the folder.

    Raises:
        UnknownNameError: for a name that is neither shipped nor a path.
        BundleError: if what is there is not a bundle, is broken, too large or unsafe.
    """
    path = _path(name_or_path)
    members = read_members(path)
    passport = passport_json.read(
        _text(members[PASSPORT], f"{PASSPORT} in {str(path)!r}"), where=f"{PASSPORT} in {str(path)!r}"
    )
    if (passport.reducer is None) != (REDUCER not in members):
        raise BundleError(f"{str(path)!r} has a reducer in its passport or a {REDUCER}, but not both")
    if (passport.hasher is None) != (HASHER not in members):
        raise BundleError(f"{str(path)!r} has a hash function in its passport or a {HASHER}, but not both")
    if (passport.multi_code is None) != (MULTICODE not in members):
        raise BundleError(f"{str(path)!r} has multi-code hashing in its passport or a {MULTICODE}, but not both")
    reducer, hasher, coder = None, None, None
    if passport.reducer is not None:
        reducer = read_reducer(members[REDUCER], passport.reducer, where=f"{REDUCER} in {str(path)!r}")
    if passport.hasher is not None:
        hasher = read_hasher(members[HASHER], passport.hasher, where=f"{HASHER} in {str(path)!r}")
    if passport.multi_code is not None:
        coder = read_multi_code(members[MULTICODE], passport.multi_code, where=f"{MULTICODE} in {str(path)!r}")
    card = _text(members[CARD], f"{CARD} in {str(path)!r}")
    return Bundle(passport, model=members[MODEL], card=card, reducer=reducer, hasher=hasher, multi_code=coder)


def _is_named(hasher: Hasher | None, named: Hashing | None) -> bool:
    if hasher is None or named is None:
        return hasher is None and named is None
    return hashing_of(hasher, named.fitted_on) == named


def _is_coded(coder: MultiCode | None, passport: Passport) -> bool:
    coding = passport.multi_code
    if coder is None or coding is None:
        return coder is None and coding is None
    return coding_of(coder, coding.size_in, coding.fitted_on) == coding and coder.space == passport.space


def _path(name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, Path):
        return name_or_path
    try:
        return BUNDLES[name_or_path]
    except UnknownNameError:
        path = Path(name_or_path)
        # What looks like a path is told about as a path, and a lone word as a name.
        if path.exists() or path.name != name_or_path or path.suffix:
            return path
        raise


def _text(content: bytes, where: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        raise BundleError(f"{where} is not UTF-8 text: {exc}") from exc
