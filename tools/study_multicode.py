"""Study multi-code hashing on UC Merced with label sets; print the tables of `docs/multi-code.md`.

    python tools/study_multicode.py UCM CACHE [--regions NAME] [--workers COUNT]

CACHE keeps descriptors of regions, so that a second run takes minutes less. Images are halved by a hash of their ids. Numbers
of primitives, thresholds and lengths of codes are tried on the validation half alone, which also fits them; what is chosen is
then fitted on all images, as an archive fits it, and measured on all and on the other half. None of these fits sees a label.
Last, codes that learn from labels are fitted on the validation half and asked by the other, beside codes that do not.
"""

import argparse
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.bundle import DEFAULT, open_bundle
from terrakin.datasets.dataset import DATASETS
from terrakin.evaluation.evaluate import evaluate
from terrakin.evaluation.labelled import Labelled
from terrakin.hashing.multicode import MultiCode, sparse_bytes
from terrakin.hashing.multicode_fit import fit_multi_code
from terrakin.progress import bar
from terrakin.regions.describer import Describer
from terrakin.regions.extract import extract, read_picture
from terrakin.regions.known import DEFAULT as FELZENSZWALB
from terrakin.regions.known import REGIONS, segmenter
from terrakin.regions.mixture import fit_mixture
from terrakin.spaces.kinds import Packed, topk
from terrakin.spaces.space import Missing, Space

PRIMITIVES = (4, 8, 12, 16)
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
BITS = (16, 32, 64, 128)
RULES: tuple[Missing, ...] = ("half", "zero-code", "full")
PAPER = ("| slides, single code | | | | 58.74 | | 33 | |", "| slides, multi-code | | | | 65.29 | | 68 | |")
REPEAT = 5


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Images with their regions and label sets."""

    ids: list[str]
    labels: list[tuple[str, ...]]
    regions: list[NDArray[np.float32]]

    def part(self, rows: Sequence[int]) -> "Images":
        """Some of them."""
        return Images(*([values[row] for row in rows] for values in (self.ids, self.labels, self.regions)))


@dataclass(frozen=True, slots=True)
class Figure:
    """What a way to code images is worth."""

    recall: float
    microseconds: float
    bytes: float


def main() -> None:
    """Read, choose, measure, print."""
    asked = _arguments()
    images = read(asked.ucm, asked.cache, asked.regions, asked.workers)
    halves: tuple[list[int], list[int]] = ([], [])
    for row, name in enumerate(images.ids):
        halves[hashlib.blake2b(name.encode()).digest()[0] % 2].append(row)
    validation, rest = (images.part(half) for half in halves)
    print(f"{len(images.ids)} images, {sum(map(len, images.regions))} regions by {asked.regions}; {len(halves[0])} validate\n")
    chosen = choose(validation)
    print(f"\nchosen: {chosen}\n")
    print(
        "| codes | primitives | threshold | bits | label-recall@20 of all, % | of the half that chose nothing, % | bytes | µs |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for bits in (32, chosen["bits"], 256):
        _line("single", 1, 0.0, bits, "half", images, rest)
    for rule in RULES:
        _line(f"multi, {rule}", 8, 0.5, 32, rule, images, rest)
        _line(f"multi, {rule}, chosen", chosen["primitives"], chosen["threshold"], chosen["bits"], rule, images, rest)
    for line in PAPER:
        print(line)
    print(embedding(asked.ucm, images) + "\n")
    by_labels(validation, rest)


def read(root: Path, cache: Path, regions: str, workers: int) -> Images:
    """Regions of every image of UC Merced."""
    samples = DATASETS["ucm-multilabel"].samples(root)
    describer = Describer(segmenter(regions), ("red", "green", "blue"), cache=cache)
    with bar("Describing", unit="images", quiet=False) as progress:
        found = extract([sample.path for sample in samples], read_picture, describer, workers=workers, progress=progress)
    return Images([sample.id for sample in samples], [sample.labels for sample in samples], found)


def choose(images: Images) -> dict[str, float]:
    """Try everything on validation images and print it; the best by the rule `half`, of equal ones the shortest."""
    print(
        "| primitives | BIC | saturated | threshold | bits | "
        + " | ".join(f"{rule}, %" for rule in RULES)
        + " | codes an image |"
    )
    print("| ---: | ---: | ---: | ---: | ---: |" + " ---: |" * (len(RULES) + 1))
    best: tuple[float, dict[str, float]] = (0.0, {})
    for primitives in PRIMITIVES:
        mixture = fit_mixture(np.concatenate(images.regions), clusters=primitives)
        for threshold, bits in _tried():
            coder = fit_multi_code(images.regions, primitives=mixture, threshold=threshold, bits=bits)
            recalls = [measured(replace(coder, missing=rule), images).recall for rule in RULES]
            shown = (sparse_bytes(coder.space, coder.encode(images.regions)) - 1) * 8 / bits
            line = f"| {primitives} | {mixture.bic:,.0f} | {mixture.saturated:.2f} | {threshold} | {bits} | "
            print(line + " | ".join(f"{100 * recall:.1f}" for recall in recalls) + f" | {shown:.1f} |", flush=True)
            if recalls[0] > best[0]:
                best = recalls[0], {"primitives": primitives, "threshold": threshold, "bits": bits}
    return best[1]


def by_labels(fitted: Images, asked: Images) -> None:
    """Codes with and without labels, fitted on some images; others ask and are asked. No label of these is seen."""
    print("| codes | hash | bits | label-recall@20 of the other half, % | of the fitted half, % | seconds to fit |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for primitives, threshold in ((1, 0.0), (8, 0.5)):
        mixture = fit_mixture(np.concatenate(fitted.regions), clusters=primitives)
        for bits in (32, 128):
            for name in ("kulsh", "kslsh"):
                started = time.perf_counter()
                coder = fit_multi_code(
                    fitted.regions, primitives=mixture, threshold=threshold, bits=bits, hash=name, labels=fitted.labels
                )
                taken = time.perf_counter() - started
                recalls = [100 * measured(coder, images).recall for images in (asked, fitted)]
                kind = "single" if primitives == 1 else f"{primitives} primitives"
                print(f"| {kind} | {name} | {bits} | {recalls[0]:.1f} | {recalls[1]:.1f} | {taken:.0f} |", flush=True)


def measured(coder: MultiCode, images: Images) -> Figure:
    """How many labels of a query its nearest images have; time of a query; bytes of an image."""
    sets = coder.encode(images.regions)
    size = float(coder.space.width) if coder.space.codes > 1 else coder.space.size / 8
    return Figure(_recall(coder.space, sets, images), _microseconds(coder.space, sets), size)


def embedding(root: Path, images: Images) -> str:
    """The default model's embeddings, for comparison."""
    bundle = open_bundle(DEFAULT)
    size = bundle.passport.input_size
    from PIL import Image

    vectors = []
    for sample in DATASETS["ucm-multilabel"].samples(root):
        with Image.open(sample.path) as picture:
            small = np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BICUBIC), np.float32) / 255
        vectors.append(bundle.embed(np.moveaxis(small, 2, 0)[None])[0])
    packed, space = np.stack(vectors), bundle.passport.space
    recall, taken = _recall(space, packed, images), _microseconds(space, packed)
    size = packed[0].nbytes
    return f"| embedding of {DEFAULT} | | | | {100 * recall:.1f} | | {size} | {taken:.0f} |"


def _line(name: str, primitives: float, threshold: float, bits: float, rule: Missing, images: Images, rest: Images) -> None:
    coder = fit_multi_code(images.regions, primitives=int(primitives), threshold=threshold, bits=int(bits), missing=rule)
    whole, other = measured(coder, images), measured(coder, rest)
    size = f"{whole.bytes:.0f}"
    if coder.space.codes > 1:
        size += f" ({sparse_bytes(coder.space, coder.encode(images.regions)):.1f} if only codes that are there were kept)"
    print(
        f"| {name} | {primitives} | {threshold} | {bits} | {100 * whole.recall:.1f} | {100 * other.recall:.1f} | "
        f"{size} | {whole.microseconds:.0f} |",
        flush=True,
    )


def _tried() -> Iterator[tuple[float, int]]:
    yield from ((threshold, 32) for threshold in THRESHOLDS)
    yield from ((0.5, bits) for bits in BITS if bits != 32)


def _recall(space: Space, packed: Packed, images: Images) -> float:
    labelled = Labelled(ids=images.ids, labels=images.labels, vectors=packed, space=space)
    report = evaluate(labelled, protocol="multicode", draws=100)
    return report.measures["label-recall@20"].value


def _microseconds(space: Space, packed: Packed) -> float:
    taken = []
    for turn in range(REPEAT * 20):
        query = packed[turn % len(packed)][None]
        started = time.perf_counter()
        topk(space, query, packed, 20)
        taken.append(time.perf_counter() - started)
    return float(np.median(taken)) * 1e6


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ucm", type=Path, help="UC Merced with LandUse_Multilabeled.txt")
    parser.add_argument("cache", type=Path, help="folder that keeps descriptors of regions")
    parser.add_argument("--regions", default=FELZENSZWALB, choices=list(REGIONS))
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
