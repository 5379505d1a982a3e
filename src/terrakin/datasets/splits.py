"""Published splits: three lists of file names beside the images."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from terrakin.datasets.dataset import CountWarning
from terrakin.errors import DatasetError

__all__ = ["SPLITS", "read_splits"]

SPLITS = ("train", "val", "test")
"""Names of the parts, as the lists and the samples use them."""


def read_splits(start: str, ids: Iterable[str], *, folders: Sequence[Path]) -> dict[str, str]:
    """The split of each sample that a list names, from `<start>-train.txt`, `-val.txt` and `-test.txt`.

    A list has one file name a line. Its extension is ignored, because copies of a data set differ in it.

    Args:
        start: what the names of the lists begin with.
        ids: ids of the samples, `<class>/<file name>`.
        folders: where to look for the lists; the first that holds one is taken.

    Returns:
        Id to `train`, `val` or `test`; without the samples that no list names, and empty where there are no lists.

    Warns:
        CountWarning: if a list names images that are not there.

    Raises:
        DatasetError: if a list cannot be read, two samples share the name in a list, or two lists share an image.
    """
    lists = {split: path for split in SPLITS if (path := _find(f"{start}-{split}.txt", folders))}
    if not lists:
        return {}
    by_stem: dict[str, str] = {}
    for sample in ids:
        other = by_stem.setdefault(PurePosixPath(sample).stem, sample)
        if other != sample:
            raise DatasetError(f"{sample} and {other} share a file name, so the split lists in {folders[0]} are ambiguous")
    splits: dict[str, str] = {}
    for split, path in lists.items():
        stems = _read_stems(path)
        for sample in (by_stem[stem] for stem in stems if stem in by_stem):
            if splits.setdefault(sample, split) != split:
                raise DatasetError(f"{path} names {sample}, which another list puts into {splits[sample]!r}")
        missing = [stem for stem in stems if stem not in by_stem]
        if missing:
            message = f"{path} names {len(missing)} images of {len(stems)} that are not there, {missing[0]!r} for one"
            warnings.warn(message, CountWarning, stacklevel=3)
    return splits


def _find(name: str, folders: Sequence[Path]) -> Path | None:
    return next((path for folder in folders if (path := folder / name).is_file()), None)


def _read_stems(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DatasetError(f"cannot read the split list {path}: {exc}") from exc
    return [PurePosixPath(line.strip()).stem for line in lines if line.strip()]
