"""Every error that terrakin raises on purpose.

    TerrakinError
    ├── UnknownNameError      a registry has no entry of that name        (LookupError)
    ├── MissingExtraError     an optional package is not installed        (ImportError)
    ├── SourceError           a source holds nothing that can be read
    ├── SceneError            a scene cannot be opened or read
    │   └── BandNotFoundError a scene lacks a band that was asked for     (LookupError)
    ├── BundleError           a bundle is broken, unsafe or incomplete
    │   └── PassportMismatchError  two passports that must agree do not
    ├── ArchiveError          an archive is broken or of another format
    │   ├── ArchiveNotFoundError   there is no archive at that path       (LookupError)
    │   ├── ArchiveBusyError       another process writes to it
    │   └── ArchiveFullError       the disk is full
    ├── ChipNotFoundError     an archive holds no chip of that id         (LookupError)
    ├── FilterError           a filter does not follow the grammar, or names an unknown field
    ├── DatasetError          a folder is not the data set that it was said to be
    ├── EvaluationError       a measure or protocol cannot be computed on these data
    ├── HashingError          a hash function cannot be fitted, or its arrays are none
    ├── TrainingError         a run of training, or what it is given, is wrong
    │   └── RecipeError       a recipe names what does not exist or does not fit
    └── OutputError           a result cannot be written where it should go

A `ValueError` says that the calling code is wrong; an error of this tree says that the world is. Every message says what is
wrong, where, what was found and what to do.
"""

__all__ = [
    "ArchiveBusyError",
    "ArchiveError",
    "ArchiveFullError",
    "ArchiveNotFoundError",
    "BandNotFoundError",
    "BundleError",
    "ChipNotFoundError",
    "DatasetError",
    "EvaluationError",
    "FilterError",
    "HashingError",
    "MissingExtraError",
    "OutputError",
    "PassportMismatchError",
    "RecipeError",
    "SceneError",
    "SourceError",
    "TerrakinError",
    "TrainingError",
    "UnknownNameError",
]


class TerrakinError(Exception):
    """The root of the tree: what, where, and what to do, in one line."""


class UnknownNameError(TerrakinError, LookupError):
    """A registry has no entry of that name."""


class MissingExtraError(TerrakinError, ImportError):
    """An optional package is not installed."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f"{module} is not installed; run: pip install 'terrakin[{extra}]'")


class SourceError(TerrakinError):
    """A source does not exist or holds nothing that can be read."""


class SceneError(TerrakinError):
    """A scene cannot be opened or read: broken, truncated, too large, or of a type that no reader knows."""


class BandNotFoundError(SceneError, LookupError):
    """A scene lacks a band that was asked for."""

    def __init__(self, scene: str, band: str, available: tuple[str, ...]) -> None:
        super().__init__(f"scene {scene!r} has no band {band!r}; it has {', '.join(available)}. Choose from these with --bands")


class BundleError(TerrakinError):
    """A bundle is broken, unsafe or incomplete."""


class PassportMismatchError(BundleError):
    """Two passports that must agree do not; the message names both sides."""


class ArchiveError(TerrakinError):
    """An archive is broken, or its format is newer than this program."""


class ArchiveNotFoundError(ArchiveError, LookupError):
    """There is no archive at that path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no archive at {path!r}; make one with: terrakin index SOURCE --archive {path}")


class ArchiveBusyError(ArchiveError):
    """Another process writes to the archive."""


class ArchiveFullError(ArchiveError):
    """The disk that holds the archive is full."""


class ChipNotFoundError(TerrakinError, LookupError):
    """An archive holds no chip of that id."""


class FilterError(TerrakinError):
    """A filter does not follow the grammar, or names an unknown field."""


class DatasetError(TerrakinError):
    """A folder is not the data set that it was said to be."""


class EvaluationError(TerrakinError):
    """A measure or a protocol cannot be computed on these data."""


class HashingError(TerrakinError):
    """A hash function cannot be fitted on these vectors or labels, or its arrays are not those of one."""


class TrainingError(TerrakinError):
    """A run of training, its checkpoint, its data or its weights are not what is needed."""


class RecipeError(TrainingError):
    """A recipe names what does not exist, leaves out what is needed, or gives a value that does not fit."""


class OutputError(TerrakinError):
    """A result cannot be written where it should go."""
