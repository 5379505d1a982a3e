"""Find places that look alike in your own satellite and aerial imagery.

    import terrakin

    archive = terrakin.Archive.create("coast", model="imagenet-mobilenetv2")
    archive.add("imagery/2024")
    hits = archive.search("harbour.jpg", k=20)
    hits.sheet("hits.png")

Nothing heavy is imported before it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from terrakin.api.archive import Archive
    from terrakin.api.hits import Hits
    from terrakin.api.train import train
    from terrakin.bundles.bundle import Bundle, open_bundle
    from terrakin.errors import TerrakinError
    from terrakin.evaluation.report import Report
    from terrakin.search.ranking import Hit

__version__ = "0.1.0"

_HOMES = {
    "Archive": "terrakin.api.archive",
    "Bundle": "terrakin.bundles.bundle",
    "Hit": "terrakin.search.ranking",
    "Hits": "terrakin.api.hits",
    "Report": "terrakin.evaluation.report",
    "TerrakinError": "terrakin.errors",
    "open_bundle": "terrakin.bundles.bundle",
    "train": "terrakin.api.train",
}

__all__ = ["Archive", "Bundle", "Hit", "Hits", "Report", "TerrakinError", "open_bundle", "train"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'terrakin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
