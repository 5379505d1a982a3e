"""Measure hash functions on a benchmark; print the table of `docs/hashing.md`.

    python tools/study_hashing.py UCM WORK
    python tools/turned_model.py imagenet-mobilenetv2 imagenet-turned
    python tools/study_hashing.py UCM WORK --models imagenet-turned --bits 32
    python tools/study_hashing.py AID WORK --dataset aid --each 100 --models imagenet-turned --bits 32 --rows kslsh dhn
    python tools/study_hashing.py UCM WORK --models bovw --rows hik chi2 svm 'kulsh kernel="hik"' 'kslsh kernel="hik"'

Protocol `mhcln`: the first six tenths of each class are for fitting, each of the others asks all the others. Three figures:
map@20:found with ties by id, as published (ids begin with the class, so it is no random order); the same with ties in random
order; and standard mAP over the whole ranking, expected over ties. Embeddings and finished rows are kept in WORK.

The model `bovw` is a histogram of 512 visual words, fitted to the images that are for fitting. A row named after a kernel ranks
by its values, without codes.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrakin.api.archive import Archive
from terrakin.api.labelled import labelled as labelled_of
from terrakin.datasets.dataset import DATASETS
from terrakin.evaluation.evaluate import evaluate
from terrakin.evaluation.labelled import Labelled, in_id_order
from terrakin.evaluation.measures.judged import Judged
from terrakin.evaluation.measures.known import measure
from terrakin.evaluation.protocols.mhcln import Mhcln
from terrakin.evaluation.svm import by_predicted_class
from terrakin.hashing.kernels import KERNELS
from terrakin.hashing.known import HASHERS, fit_hasher
from terrakin.progress import bar
from terrakin.regions.extract import extract, read_picture
from terrakin.regions.svm import fit_svm
from terrakin.spaces.kinds import distances
from terrakin.spaces.space import Space
from terrakin.words.sift import sift
from terrakin.words.vocabulary import fit_vocabulary

PAPER: Mapping[tuple[str, str, int], float] = {
    ("ucm", "kslsh", 16): 0.557,
    ("ucm", "kslsh", 24): 0.594,
    ("ucm", "kslsh", 32): 0.630,
    ("ucm", "mhcln", 16): 0.875,
    ("ucm", "mhcln", 24): 0.890,
    ("ucm", "mhcln", 32): 0.904,
    ("ucm", "svm", 0): 0.556,
}
"""map@20:found on UC Merced, as published: KSLSH on a bag of visual words, MHCLN on Inception-v3."""

FIRST, WHOLE = "map@20:found", "map"

BOVW = "bovw"
"""The model that is none: a bag of visual words."""


@dataclass(frozen=True, slots=True)
class Found:
    """Retrieval by one ranking."""

    by_id: float
    """map@20:found, ties by id."""
    any_order: float
    """map@20:found, ties in random order."""
    whole: float
    """mAP, expected over ties."""


def main(
    data: Path, work: Path, dataset: str, each: int | None, models: Sequence[str], lengths: Sequence[int], rows: Sequence[str]
) -> None:
    """Print a row for every model, hash function and length; of `each` images a class, or of all."""
    work.mkdir(parents=True, exist_ok=True)
    if each is not None:
        data = _first(each, data, work / f"{dataset}-first-{each}", dataset)
    print(f"| model | ranked by | bits | {FIRST} | ties random | {WHOLE} | kept of float | paper |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    part = dataset if each is None else f"{dataset}-{each}"
    for model_or_path in models:
        model = Path(model_or_path).name
        folder = work / f"{part}-{model}"
        chips = _bags(data, folder, dataset) if model == BOVW else _embedded(data, folder, dataset, model_or_path)
        tests = _tests(chips.ids, chips.labels)
        float_found = _measured(_taken(chips, tests))
        show = partial(_print, dataset, model)
        show("float vectors", 0, float_found, float_found)
        for words in rows:
            name, *given = words.split()
            options = {key: json.loads(value) for key, value in (one.split("=") for one in given)}
            if name == "svm":
                show(words, 0, _by_svm(chips, tests, **options), float_found)
                continue
            if name in KERNELS:
                show(words, 0, _by_kernel(chips, tests, name), float_found)
                continue
            for bits in lengths:
                kept = work / f"{part}-{model}-{words.replace(' ', '-')}-{bits}.json"
                if not kept.exists():
                    found = _by_codes(chips, tests, name, bits, options)
                    kept.write_text(json.dumps([found.by_id, found.any_order, found.whole]), encoding="utf-8")
                show(words, bits, Found(*json.loads(kept.read_text(encoding="utf-8"))), float_found)


def _first(each: int, data: Path, folder: Path, dataset: str) -> Path:
    """A folder with links to the first images of each class."""
    samples = sorted(DATASETS[dataset].samples(data), key=lambda sample: sample.id)
    taken = Counter[tuple[str, ...]]()
    for sample in samples:
        taken[sample.labels] += 1
        link = folder / sample.id
        if taken[sample.labels] <= each and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(sample.path)
    return folder


def _embedded(data: Path, folder: Path, dataset: str, model: str) -> Labelled:
    archive = Archive.open(folder) if folder.exists() else Archive.create(folder, model=model)
    archive.add(data, dataset=dataset)
    return in_id_order(labelled_of(archive.store))


def _bags(data: Path, folder: Path, dataset: str) -> Labelled:
    """Histograms of visual words, with Euclidean distances."""
    samples = DATASETS[dataset].samples(data)
    ids, labels = [sample.id for sample in samples], [sample.labels for sample in samples]
    kept = folder / "sift.npz"
    if not kept.exists():
        with bar("Describing", unit="images", quiet=False) as progress:
            describer = partial(sift, bands=("red", "green", "blue"))
            described = extract(
                [Path(sample.path) for sample in samples], read_picture, describer, workers=2, progress=progress
            )
        folder.mkdir(exist_ok=True)
        half = folder / "half.npz"
        np.savez(half, counts=[len(descriptors) for descriptors in described], descriptors=np.concatenate(described))
        half.replace(kept)
    with np.load(kept) as file:
        described = np.split(file["descriptors"], np.cumsum(file["counts"])[:-1])
    fitted = np.setdiff1d(np.arange(len(ids)), _tests(ids, labels))
    vocabulary = fit_vocabulary([described[row] for row in fitted], seed=0)
    return Labelled(ids, labels, vocabulary.histograms(described), Space("l2", len(vocabulary.words)))


def _tests(ids: Sequence[str], labels: Sequence[tuple[str, ...]]) -> NDArray[np.int64]:
    """Rows of the chips that ask; the protocol says which, and the others are for fitting."""
    codes = Labelled(ids, labels, np.zeros((len(ids), 1), np.uint8), Space("hamming", 8))
    return Mhcln().plan(codes, seed=0).trials[0].queries


def _by_codes(chips: Labelled, tests: NDArray[np.int64], name: str, bits: int, options: Mapping[str, float | str]) -> Found:
    fitted = np.setdiff1d(np.arange(len(chips.ids)), tests)
    labels = [chips.labels[row] for row in fitted]
    hasher = fit_hasher(name, chips.vectors[fitted], bits=bits, labels=labels, seed=0, **options)
    codes = Labelled(chips.ids, chips.labels, hasher.codes(chips.vectors), Space("hamming", bits))
    return _measured(_taken(codes, tests))


def _measured(tests: Labelled) -> Found:
    by_id, sampled, expected = (
        evaluate(tests, protocol="loo", measures=[name], ties=ties, draws=1).measures[name].value
        for name, ties in ((FIRST, "id"), (FIRST, "sample:20"), (WHOLE, "expected"))
    )
    return Found(by_id, sampled, expected)


def _by_svm(chips: Labelled, tests: NDArray[np.int64], penalty: float = 1.0) -> Found:
    fitted = np.setdiff1d(np.arange(len(chips.ids)), tests)
    classes = [chips.labels[row][0] for row in fitted]
    probable = fit_svm(chips.vectors[fitted], classes, penalty=penalty).probabilities(chips.vectors[tests])
    apart = distances(chips.space, chips.vectors[tests], chips.vectors[tests])
    return _ranked(chips, tests, by_predicted_class(probable, probable, apart))


def _by_kernel(chips: Labelled, tests: NDArray[np.int64], name: str) -> Found:
    rows = chips.vectors[tests].astype(np.float64)
    return _ranked(chips, tests, np.argsort(-KERNELS[name].values(rows, rows, 1.0), kind="stable"))


def _ranked(chips: Labelled, tests: NDArray[np.int64], order: NDArray[np.int64]) -> Found:
    """Figures of rankings (Q, Q) of all that ask for each of them, itself among them."""
    count = len(tests)
    order = order[order != np.arange(count)[:, np.newaxis]].reshape(count, count - 1)
    names = np.array([chips.labels[row][0] for row in tests])
    relevance = names[order] == names[:, np.newaxis]
    relevant = relevance.sum(axis=1)
    judged = Judged(relevance, relevant, count - 1, int(relevant.max()))
    first, whole = (float(measure(name)(judged).mean()) for name in (FIRST, WHOLE))
    return Found(first, first, whole)


def _taken(chips: Labelled, rows: NDArray[np.int64]) -> Labelled:
    return Labelled([chips.ids[row] for row in rows], [chips.labels[row] for row in rows], chips.vectors[rows], chips.space)


def _print(dataset: str, model: str, words: str, bits: int, found: Found, float_found: Found) -> None:
    paper = PAPER.get((dataset, words.split(" kernel=")[0], bits))
    figures = f"{found.by_id:.3f} | {found.any_order:.3f} | {found.whole:.3f} | {found.whole / float_found.whole:.0%}"
    print(f"| `{model}` | {words} | {bits or ''} | {figures} | {'' if paper is None else f'{paper:.3f}'} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure hash functions on a benchmark by the protocol mhcln.")
    parser.add_argument("data", type=Path, help="root of the benchmark")
    parser.add_argument("work", type=Path, help="folder for embeddings and finished rows")
    parser.add_argument("--dataset", default="ucm")
    parser.add_argument("--each", type=int, help="images of each class, the first by name; all where not given")
    parser.add_argument("--models", nargs="+", default=["aid-mobilenetv2", "imagenet-mobilenetv2"])
    parser.add_argument("--bits", nargs="+", type=int, default=[16, 24, 32])
    parser.add_argument("--rows", nargs="+", default=[*HASHERS, "svm"], help="hash functions with options, or svm")
    given = parser.parse_args()
    main(given.data, given.work, given.dataset, given.each, given.models, given.bits, given.rows)
