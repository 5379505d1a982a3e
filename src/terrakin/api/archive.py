"""An archive as one object: made, filled, asked, measured, exported."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from terrakin.api.codes import HASHED, complete_codes, renew_codes
from terrakin.api.hits import Hits
from terrakin.api.listed import listed
from terrakin.archive import manifest
from terrakin.archive.lance import LanceStore
from terrakin.archive.ledger import Ledger
from terrakin.archive.lock import HOLDER, LOCK, writer
from terrakin.archive.manifest import Manifest
from terrakin.archive.options import IndexOptions, Options, changed, with_codes
from terrakin.archive.report import NAME as REPORT
from terrakin.archive.report import Summary, write_report
from terrakin.archive.schema import CODE, VECTOR
from terrakin.bundles.bundle import DEFAULT, Bundle, open_bundle
from terrakin.bundles.passport import must_match
from terrakin.chips.window import Box
from terrakin.errors import ArchiveError, HashingError, SourceError
from terrakin.hashing.known import HASHERS
from terrakin.progress import Progress, silent
from terrakin.scenes.scene import Candidate, Skipped
from terrakin.search.ask import ask
from terrakin.search.code_recall import NAME as CODE_RECALL
from terrakin.search.code_recall import remembered_code_recall
from terrakin.search.coded import Coded
from terrakin.search.duplicates import Group, duplicates
from terrakin.search.label_sets import LabelMatch
from terrakin.search.rank import rank

if TYPE_CHECKING:
    from terrakin.api.explained import Explained
    from terrakin.archive.run import Find
    from terrakin.evaluation.compare import Comparison
    from terrakin.evaluation.labelled import Labelled
    from terrakin.evaluation.report import Report
    from terrakin.evaluation.robustness.report import Robustness

__all__ = ["Archive"]

_BUNDLE = "bundle"
"""Folder of the bundle inside an archive."""
_REDUCED = "bundle-reduced"
"""Folder of the same bundle with the reducer that was fitted on the archive."""
_CODED = "bundle-coded"
"""Folder of the same bundle with the multi-code hashing that was fitted on the archive."""
_REGIONS = "regions"
"""Folder of descriptors of regions while a run of indexing goes on."""
_SCENES = "scenes.lance"
"""Folder of the table of scenes."""
_CHIPS = "chips.lance"
"""Folder of the table of chips."""
_PLAIN = "none"
"""In the place of a benchmark's name: a source is read as plain imagery."""


class Archive:
    """A folder of chips with their vectors, thumbnails and footprints.

    Make one with `Archive.create`, open one with `Archive.open`. Any number of processes can read it while one writes.
    """

    def __init__(self, path: Path, said: Manifest) -> None:
        self.path = path
        """Where it lies."""
        self._manifest = said
        self._bundle: Bundle | None = None
        self._store: LanceStore | None = None

    @classmethod
    def create(cls, path: str | Path, *, model: str | Path = DEFAULT, **options: Unpack[Options]) -> "Archive":
        """Make an empty archive.

        Args:
            path: a folder that does not exist, is empty, or holds an archive without a chip, which is made anew.
            model: name of a shipped bundle, or path of one.
            options: as in `terrakin.archive.options.changed`: `bands`, `chip_size`, `overlap`, `gsd_m`, `edges`, `min_valid`,
                `scaling`, `labels`, `dates`, `reducer`, `multi_code`, `hash`, `bits`.

        Raises:
            ArchiveError: if there is something at `path`.
            BundleError: if the bundle is broken.
            ValueError: if an option is out of range, or does not suit the model.
        """
        path = Path(path)
        if (path / manifest.NAME).exists() and len(cls.open(path)):
            raise ArchiveError(f"there is an archive at {str(path)!r} already; open it, or choose another folder")
        if path.exists() and not path.is_dir():
            raise ArchiveError(f"{str(path)!r} is a file; an archive is a folder, choose another path")
        if path.is_dir() and not _is_ours(path):
            raise ArchiveError(f"{str(path)!r} holds other files; choose an empty folder for the archive")
        # Whatever can be wrong with the request is found before anything is made.
        wanted = changed(IndexOptions(), **options)
        bundle = open_bundle(model)
        wanted.must_suit(bundle.passport)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise manifest.full_or_broken(path, exc) from exc
        with writer(path):
            for name in (manifest.NAME, REPORT, CODE_RECALL):
                (path / name).unlink(missing_ok=True)
            hashed = [folder.name for folder in path.glob(f"{HASHED}*")]
            for name in (_BUNDLE, _REDUCED, _CODED, _REGIONS, _CHIPS, _SCENES, *hashed):
                shutil.rmtree(path / name, ignore_errors=True)
            bundle.save(path / _BUNDLE)
            created = manifest.now()
            said = Manifest(_model(bundle), _BUNDLE, wanted, (), created=created, updated=created)
            manifest.write(path, said)
        return cls(path, said)

    @classmethod
    def open(cls, path: str | Path) -> "Archive":
        """Open an archive that exists.

        Raises:
            ArchiveNotFoundError: if there is none at `path`.
            ArchiveError: if it is broken, or of a newer format.
        """
        return cls(Path(path), manifest.read(Path(path)))

    @property
    def options(self) -> IndexOptions:
        """How its scenes are cut and read."""
        return self._manifest.options

    @property
    def sources(self) -> tuple[str, ...]:
        """Absolute paths that were indexed, in order."""
        return self._manifest.sources

    @property
    def datasets(self) -> Mapping[str, str]:
        """Absolute paths that were read as copies of a benchmark, each with its name; `add` reads them so again."""
        return self._manifest.datasets

    @property
    def bundle(self) -> Bundle:
        """The model that its vectors come from, kept inside it."""
        if self._bundle is None:
            self._bundle = open_bundle(self.path / self._manifest.bundle)
        return self._bundle

    @property
    def store(self) -> LanceStore:
        """What keeps its chips."""
        if self._store is None:
            self._store = LanceStore(self.path / _CHIPS, self.bundle.passport.space)
        return self._store

    @property
    def ledger(self) -> Ledger:
        """What it knows of its scenes."""
        return Ledger(self.path / _SCENES)

    def __len__(self) -> int:
        """How many chips it holds."""
        return self.store.count()

    def must_be(self, *, model: str | Path | None = None, **options: Unpack[Options]) -> None:
        """Check that it was made with this model and these options; those that are None are not checked.

        `hash` and `bits` may differ, for codes can be made anew, by `encode`; they must suit the model.

        Raises:
            PassportMismatchError: naming both models.
            ArchiveError: naming each option that differs, with both values.
            ValueError: if the model gives codes itself, or there are bits and no hash function.
        """
        if model is not None:
            # The unreduced bundle stays beside the reduced one, so that models compare like with like.
            must_match(open_bundle(model).passport, open_bundle(self.path / _BUNDLE).passport)
        wanted = changed(self.options, **options)
        differences = self.options.differences(replace(wanted, hash=self.options.hash, bits=self.options.bits))
        if differences:
            raise ArchiveError(
                f"archive {str(self.path)!r} was made with other options: {'; '.join(differences)}. "
                "Leave the option out, or make another archive"
            )
        self._with_codes(options.get("hash"), options.get("bits"))

    def add(
        self,
        sources: str | Path | Sequence[str | Path],
        *,
        dataset: str | None = None,
        prune: bool = False,
        strict: bool = False,
        workers: int | None = None,
        hash: str | None = None,  # noqa: A002 - the option's name
        bits: int | None = None,
        progress: Progress = silent,
    ) -> Summary:
        """Index sources: what is new is added, what changed is replaced, what is unchanged costs a look.

        Args:
            sources: folders, image and scene files, STAC items, tables.
            dataset: read the sources as copies of this benchmark, which gives labels and splits; `none` reads them plainly.
                Where None, each as before: see `datasets`.
            prune: drop scenes that have vanished from the sources.
            strict: raise at the first file that would be skipped.
            workers: threads; as many as cores where None.
            hash: as in `encode`, after indexing; what was asked for before where None.
            bits: likewise.
            progress: called with chips done and an estimate of all.

        Raises:
            SourceError: if a source does not exist.
            ArchiveBusyError: if another process writes to the archive.
            ArchiveFullError: if the disk is full.
            SceneError: if `strict` and a file cannot be taken in.
            HashingError: if a hash function is asked for that cannot be fitted; what was indexed stays.
            ValueError: if it does not suit the model.
        """
        paths = [Path(source).absolute() for source in ([sources] if isinstance(sources, str | Path) else sources)]
        found = self._find(paths, dataset)
        missing = [path for path in paths if not path.exists()]
        if missing:
            raise SourceError(
                f"there is nothing at {str(missing[0])!r}; name a folder, an image, a STAC item or a table that exists"
            )
        started = time.monotonic()
        with writer(self.path):
            wanted = self._with_codes(hash, bits)
            threads = workers or os.cpu_count() or 1
            # One that the model brings along is replaced; it was fitted on other imagery.
            if self._manifest.bundle == _BUNDLE:
                if self.options.reducer is not None:
                    self._reduce(found, threads)
                if self.options.multi_code is not None:
                    self._code(found, threads, progress)
            complete_codes(self.store, self.bundle)
            try:
                summary = self._index(found, paths, prune=prune, strict=strict, workers=threads, progress=progress)
            except BaseException:
                # Interrupted or failed: what was committed counts; a second failure must not hide the first.
                with suppress(ArchiveError):
                    self._checkpoint(paths)
                raise
            self._checkpoint(paths)
            shutil.rmtree(self.path / _REGIONS, ignore_errors=True)
            try:
                # Last, so that vectors are safe whatever a hash function thinks of them.
                self._renew_codes(wanted, progress)
            except HashingError as exc:
                raise HashingError(f"{exc}. What was indexed stays, without codes of {wanted.hash}") from exc
            finally:
                summary.seconds = time.monotonic() - started
                write_report(self.path, summary)
            return summary

    def encode(
        self,
        hash: str | None = None,  # noqa: A002 - the option's name
        *,
        bits: int | None = None,
        progress: Progress = silent,
    ) -> None:
        """Fit a hash function on the vectors and give every chip a code, in place of any codes there are; no pixel is read.

        Chips that are added later get codes of the same hash function.

        Args:
            hash: name in `HASHERS`, with options as in `dhn:steps=3000`; the same as before where None.
            bits: of a code, a multiple of 8; as many as before, else 64, where None.
            progress: told how far fitting is, which takes minutes for those that are networks.

        Raises:
            HashingError: if it cannot be fitted: too few chips, or none with the labels that it learns from.
            UnknownNameError: for a hash function that does not exist.
            ArchiveBusyError: if another process writes to the archive.
            ArchiveError: if there is no chip.
            ValueError: for bits that are no multiple of 8, where the model gives codes itself, or without any hash function.
        """
        with writer(self.path):
            wanted = self._with_codes(hash, bits)
            if wanted.hash is None and self.bundle.hasher is None:
                raise ValueError("name a hash function")
            if not len(self):
                raise ArchiveError(f"archive {str(self.path)!r} holds no chip; index something first")
            complete_codes(self.store, self.bundle)
            self._renew_codes(wanted, progress)

    def search(
        self,
        *like: str | Path,
        unlike: Sequence[str | Path] = (),
        k: int = 10,
        box: Box | None = None,
        where: str | None = None,
        labels: Sequence[str] = (),
        label_match: LabelMatch = "at-least",
        bbox: Box | None = None,
        since: str | None = None,
        until: str | None = None,
        codes: bool = False,
        shortlist: int | None = None,
    ) -> Hits:
        """The chips that look most like the examples.

        Args:
            like: examples: ids of chips, or paths of images and scenes.
            unlike: negative examples.
            k: how many hits.
            box: the part of the first example, a scene, that is meant: (west, south, east, north) in degrees.
            where: a filter such as `"label = 'harbor' and cloud < 0.1"`.
            labels: only chips that have these labels.
            label_match: `at-least` these labels, `exactly` these, or `overlap`: one of them, and the more of them the better;
                see `terrakin.search.label_sets.LabelSet`.
            bbox: only chips that touch this box.
            since: only chips of this RFC 3339 date or later.
            until: only chips of this date or earlier.
            codes: rank by codes. The recall of codes is measured once for each state of the archive, which reads all vectors.
            shortlist: choose so many times k chips by codes, all that tie with the last one included, and rank these by their
                vectors.

        Raises:
            ChipNotFoundError: if an example is neither a chip nor a file.
            FilterError: if the filter cannot be read, or no chip has such a label.
            ArchiveError: if codes are asked and there are none.
            ValueError: if k or the shortlist is less than 1.
        """
        self.store.checkpoint()  # another process may have added chips since
        query = ask(
            self.store,
            like,
            bundle=self.bundle,
            options=self.options,
            k=k,
            unlike=unlike,
            box=box,
            where=where,
            labels=labels,
            label_match=label_match,
            bbox=bbox,
            since=since,
            until=until,
        )
        if not codes and shortlist is None:
            return Hits(rank(str(self.path), self.store, query, recall=self.store.recall()))
        self._need_codes()
        coded = Coded(query.vector, self.bundle.codes(query.vector[np.newaxis])[0], shortlist)
        recall = remembered_code_recall(self.path, self.store, self.bundle.codes, k=k, shortlist=shortlist)
        return Hits(rank(str(self.path), self.store, query, recall=recall, coded=coded))

    def explain(
        self,
        like: str | Path,
        *,
        k: int = 5,
        box: Box | None = None,
        where: str | None = None,
        bbox: Box | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> "Explained":
        """What the model's front-end makes of an example and of the chips that look most like it, before it compares them.

        The scenes of the hits are read again and must lie where they were indexed.

        Args:
            like: the example: id of a chip, or path of an image or scene.
            k: how many hits.
            box: as in `search`, like all that follow.
            where: a filter.
            bbox: only chips that touch this box.
            since: only chips of this date or later.
            until: only chips of this date or earlier.

        Raises:
            BundleError: if the model has no front-end, or its passport does not describe it.
            ChipNotFoundError: if the example is neither a chip nor a file.
            SceneError: if the example, or the scene of a hit, cannot be read.
        """
        from terrakin.api.explained import Explained
        from terrakin.search.explain import explain

        self.store.checkpoint()  # another process may have added chips since
        explanation = explain(
            str(self.path),
            self.store,
            self.ledger,
            like,
            bundle=self.bundle,
            options=self.options,
            k=k,
            box=box,
            where=where,
            bbox=bbox,
            since=since,
            until=until,
        )
        return Explained(explanation)

    def duplicates(self, *, distance: float | None = None, progress: Progress = silent) -> list[Group]:
        """Groups of near-identical chips, closest first; `distance` is in the archive's space."""
        return duplicates(self.store, distance=distance, progress=progress)

    def evaluate(
        self,
        *,
        protocol: str = "loo",
        measures: Sequence[str] | None = None,
        relevance: str | None = None,
        ties: str | None = None,
        mean: Literal["query", "class"] = "query",
        interval: Literal["query", "class"] = "query",
        draws: int = 2000,
        seed: int = 0,
        codes: bool = False,
        progress: Progress = silent,
    ) -> "Report":
        """Measure retrieval quality on the archive's labels; see `terrakin.evaluation.evaluate.evaluate`.

        Args:
            protocol: what is asked of which gallery; a name in the registry of protocols.
            measures: names such as `map` and `p@10`; the protocol's own where None.
            relevance: `same-class`, `share-any` and so on; what fits the labels where None.
            ties: what is done about equal distances: `id`, `expected`, `best`, `worst`, `sample` or `sample:NUMBER` of orders;
                where None, `id` for vectors and `expected` for codes, of which many are equal; for the protocol `mhcln`
                `id` with the expected values beside, since its own measure has none.
            mean: over all queries alike, or over classes alike.
            interval: what the bootstrap draws: queries, or whole classes.
            draws: resampled means.
            seed: of everything that is drawn.
            codes: rank by codes instead of vectors.
            progress: called with queries done.

        Raises:
            ArchiveError: if codes are asked and there are none.
            EvaluationError: if the archive lacks what the protocol needs.
            UnknownNameError: for a protocol or measure that does not exist.
        """
        from terrakin.evaluation.evaluate import evaluate

        report = evaluate(
            self._labelled(codes=codes),
            protocol=protocol,
            measures=measures,
            relevance=relevance,
            ties=ties or ("expected" if codes and protocol.partition(":")[0] != "mhcln" else "id"),
            mean=mean,
            interval=interval,
            draws=draws,
            seed=seed,
            progress=progress,
        )
        made = _fitted_here(self.bundle, codes=codes)
        if made in HASHERS and HASHERS[made].supervised:
            learned = f"{made} learned from the labels of these chips; measure it on others"
            report = replace(report, warnings=(*report.warnings, learned))
        return report

    def compare(
        self,
        other: "Archive",
        *,
        protocol: str = "loo",
        measures: Sequence[str] | None = None,
        relevance: str | None = None,
        ties: str | None = None,
        mean: Literal["query", "class"] = "query",
        interval: Literal["query", "class"] = "query",
        draws: int = 2000,
        seed: int = 0,
        codes: bool = False,
        progress: Progress = silent,
    ) -> "Comparison":
        """How much better this archive answers than another one of the same chips, query by query.

        Args:
            other: the same chips with the same labels, of another model or reducer.
            protocol: as in `evaluate`, like all that follow.
            measures: names.
            relevance: name of a rule.
            ties: what is done about equal distances.
            mean: over queries or classes.
            interval: what the bootstrap draws.
            draws: resampled means.
            seed: of everything that is drawn.
            codes: rank by codes in this archive, and by vectors in the other one.
            progress: called with queries done; counts each of the two from the start.

        Returns:
            A comparison whose `first` is `other` and whose `second` is this archive: a positive difference is in its favour.

        Raises:
            EvaluationError: if chips, labels or queries differ, or one of the archives lacks what the protocol needs.
            UnknownNameError: for a protocol or measure that does not exist.
        """
        from terrakin.api.labelled import labelled
        from terrakin.evaluation.compare import compare

        return compare(
            labelled(other.store),
            self._labelled(codes=codes),
            protocol=protocol,
            measures=measures,
            relevance=relevance,
            ties=ties or ("expected" if codes else "id"),
            mean=mean,
            interval=interval,
            draws=draws,
            seed=seed,
            progress=progress,
        )

    def robustness(
        self,
        against: "Archive | None" = None,
        *,
        distortions: Sequence[str] | None = None,
        queries: int | None = None,
        relevance: str | None = None,
        names: Sequence[str] | None = None,
        draws: int = 2000,
        seed: int = 0,
        workers: int | None = None,
        progress: Progress = silent,
    ) -> "Robustness":
        """Measure how far retrieval falls when queries are distorted and the gallery is not, leave-one-out.

        Chips are read again from where they were indexed; the imagery must still lie there.

        Args:
            against: another archive of the same chips, of another model, that is asked the same.
            distortions: names in the registry of distortions; all that there are where None.
            queries: how many chips ask, spread over the classes; all where None.
            relevance: `same-class`, `share-any` and so on; what fits the labels where None.
            names: what the two are called in the report; by their models where None.
            draws: resampled means of each interval.
            seed: of the choice of queries and of the intervals.
            workers: threads; as many as cores where None.
            progress: called with the distorted images that are embedded, and how many there will be.

        Raises:
            EvaluationError: if the archive has no labels, the two hold other chips, or a file has changed.
            SceneError: if a file is no longer there.
            UnknownNameError: for a distortion that does not exist.
            ValueError: if there are no distortions, or fewer than 1 query.
        """
        from terrakin.api.robustness import archive_robustness

        return archive_robustness(
            [self] if against is None else [self, against],
            distortions=distortions,
            names=names,
            workers=workers,
            queries=queries,
            relevance=relevance,
            draws=draws,
            seed=seed,
            progress=progress,
        )

    def charts(self, report: "Report | Robustness", folder: str | Path) -> list[Path]:
        """Draw a report of this archive into `folder`, and return the files.

        Of `evaluate`: bars by class, the P@k curve, the worst queries. Of `robustness`: a panel a distortion, for mAP and for
        the originals.
        """
        from terrakin.api.charts import draw_charts, draw_robustness
        from terrakin.evaluation.robustness.report import Robustness

        if isinstance(report, Robustness):
            return draw_robustness(report, Path(folder))
        return draw_charts(report, self.store, Path(folder), title=f"{self.path.resolve().name}, {self._manifest.model}")

    def export(self, format: str, out: str | Path) -> int:  # noqa: A002 - the field's word
        """Write every chip for other programs.

        Args:
            format: `stac`, `geoparquet`, `geojson` or `trec`.
            out: a file, or a folder for `stac` and `trec`.

        Returns:
            How many chips were written; for `trec`, how many queries.

        Raises:
            ValueError: if there is no such format.
            TerrakinError: if `out` cannot be written, or the archive lacks what the format is about.
        """
        from terrakin.api.export import Contents, export

        contents = Contents(self.path.resolve().name, self.sources, self.bundle, self.store, self.ledger)
        return export(format, Path(out), contents)

    def info(self) -> dict[str, Any]:
        """What it holds, as plain values: counts, model, space, options, sources, size on disk in bytes."""
        passport = self.bundle.passport
        named = passport.hasher
        return {
            "archive": str(self.path),
            "format": self._manifest.format,
            "created": self._manifest.created,
            "updated": self._manifest.updated,
            "chips": len(self),
            "scenes": self.ledger.count(),
            "skipped": sum(1 for _ in self.ledger.skipped()),
            "model": self._manifest.model,
            "space": {"kind": passport.space.kind, "size": passport.space.size, "codes": passport.space.codes},
            "codes": None
            if self.store.codes is None or named is None
            else {
                "hash": named.kind,
                "bits": named.bits,
                "bytes_per_image": self.store.codes.width,
                "vector_bytes_per_image": passport.space.bytes,
                "fitted_on": named.fitted_on,
            },
            "options": self.options.to_json(),
            "sources": list(self._manifest.sources),
            "datasets": dict(self._manifest.datasets),
            "bytes": sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file()),
        }

    def _find(self, paths: list[Path], dataset: str | None) -> "Find":
        """List what is at `paths`; how a path is read is remembered once its reader has found something, before a chip is."""
        named = None if dataset == _PLAIN else dataset
        read_as = {path: self.datasets.get(str(path)) if dataset is None else named for path in paths}
        listing = listed(read_as, options=self.options.sources, without=self.path)

        def found() -> Iterator[tuple[str, Candidate | Skipped]]:
            for source, item in listing():
                self._remember(source, read_as[Path(source)])
                yield source, item

        return found

    def _remember(self, source: str, dataset: str | None) -> None:
        if self.datasets.get(source) == dataset:
            return
        datasets = {path: name for path, name in self.datasets.items() if path != source}
        if dataset is not None:
            datasets[source] = dataset
        self._manifest = replace(self._manifest, datasets=datasets)
        manifest.write(self.path, self._manifest)

    def _index(self, found: "Find", paths: list[Path], **settings: Any) -> Summary:
        # What reads imagery takes as long to import as a whole search, which does not need it.
        from terrakin.archive.index import index
        from terrakin.archive.work import Worker

        summary = index(
            found,
            store=self.store,
            ledger=self.ledger,
            worker=Worker(self.bundle.with_regions_kept(self.path / _REGIONS), self.options),
            sources=[str(path) for path in paths],
            **settings,
        )
        if summary.chips or summary.removed:
            self.store.compact()
            self.ledger.compact()
        if self.store.wants_index():
            self.store.build_index(rng=np.random.default_rng(0))
        summary.recall = self.store.recall()
        return summary

    def _reduce(self, found: "Find", workers: int) -> None:
        from terrakin.archive.fitting import fit_reducer
        from terrakin.archive.work import Worker

        words = str(self.options.reducer)
        reducer = fit_reducer(found, Worker(self.bundle, self.options), self.bundle, words, workers=workers)
        self._become(self.bundle.with_reducer(reducer), _REDUCED)

    def _code(self, found: "Find", workers: int, progress: Progress) -> None:
        from terrakin.archive.fitting import fit_codes
        from terrakin.archive.work import Worker

        words, bands = str(self.options.multi_code), self.bundle.passport.bands
        worker = Worker(self.bundle, self.options)
        coder = fit_codes(found, worker, words, bands, kept=self.path / _REGIONS, workers=workers, progress=progress)
        self._become(self.bundle.with_multi_code(coder), _CODED)

    def _become(self, bundle: Bundle, folder: str) -> None:
        """From here on the archive is of this bundle's space. It holds no vector yet, at most an empty table for other ones."""
        shutil.rmtree(self.path / folder, ignore_errors=True)
        bundle.save(self.path / folder)
        if (self.path / _CHIPS).exists():
            shutil.rmtree(self.path / _CHIPS)
        self._bundle, self._store = bundle, None
        self._manifest = replace(self._manifest, model=_model(bundle), bundle=folder)
        manifest.write(self.path, self._manifest)

    def _need_codes(self) -> None:
        """Know the hash function of the codes that the store has now: another process may have made them since."""
        self.store.checkpoint()
        said = manifest.read(self.path)
        if said.bundle != self._manifest.bundle:
            self._manifest, self._bundle = said, None
        if self.bundle.passport.space.is_binary:
            raise ArchiveError(
                f"archive {str(self.path)!r} holds codes in the place of vectors and is always searched by them; "
                "leave codes and shortlist out"
            )
        if self.store.codes is None or self.bundle.hasher is None:
            raise ArchiveError(
                f"archive {str(self.path)!r} has no codes; make them of its vectors with "
                f"`terrakin index --archive {self.path} --hash NAME`"
            )

    def _labelled(self, *, codes: bool) -> "Labelled":
        from terrakin.api.labelled import labelled

        if codes:
            self._need_codes()
        return labelled(self.store, by=CODE if codes else VECTOR)

    def _with_codes(self, hash: str | None, bits: int | None) -> IndexOptions:  # noqa: A002 - the option's name
        wanted = with_codes(self.options, hash, bits)
        if wanted != self.options:
            wanted.must_suit(open_bundle(self.path / _BUNDLE).passport)
        return wanted

    def _renew_codes(self, wanted: IndexOptions, progress: Progress) -> None:
        self._manifest, self._bundle = renew_codes(
            self.path, self._manifest, wanted, self.bundle, self.store, progress=progress
        )
        if self.store.codes is not None and self.store.wants_index(CODE):
            self.store.build_index(by=CODE, rng=np.random.default_rng(0))

    def _checkpoint(self, paths: list[Path]) -> None:
        sources = (*self._manifest.sources, *(str(path) for path in paths if str(path) not in self._manifest.sources))
        self._manifest = replace(
            self._manifest, sources=sources, updated=manifest.now(), chips=len(self), scenes=self.ledger.count()
        )
        manifest.write(self.path, self._manifest)


def _is_ours(folder: Path) -> bool:
    """Whether a folder is empty, or holds parts of an archive alone, as a run leaves them that was killed while it made one.

    Such a run held the lock, so its lock file is there; anything else is somebody's.
    """
    names = {entry.name for entry in folder.iterdir()}
    ours = {LOCK, HOLDER, manifest.NAME, REPORT, CODE_RECALL, _BUNDLE, _REDUCED, _CODED, _REGIONS, _CHIPS, _SCENES}
    heads = (f".{_BUNDLE}", HASHED)
    return not names or (LOCK in names and all(name in ours or name.startswith(heads) for name in names))


def _fitted_here(bundle: Bundle, *, codes: bool) -> str:
    """Name of the hash function that was fitted on the archive and gives what is ranked; empty where there is none."""
    passport = bundle.passport
    if bundle.multi_code is not None and passport.multi_code is not None:
        return bundle.multi_code.hashers[0].kind if passport.multi_code.fitted_on == "archive" else ""
    return passport.hasher.kind if codes and passport.hasher is not None and passport.hasher.fitted_on == "archive" else ""


def _model(bundle: Bundle) -> str:
    passport = bundle.passport
    reduced = "" if passport.reducer is None else f" + {passport.reducer.kind}:{passport.reducer.size}"
    coded = "" if passport.multi_code is None else f" + multi-code:{passport.multi_code.primitives}x{passport.multi_code.bits}"
    return f"{passport.name} {passport.version}{reduced}{coded}"
