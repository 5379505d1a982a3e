"""Whether there is a Lance table at a path."""

from pathlib import Path

__all__ = ["is_table"]


def is_table(path: Path) -> bool:
    """True where a first commit was made. A process that is killed before leaves a folder of files that nothing refers to."""
    versions = path / "_versions"
    return versions.is_dir() and any(versions.glob("*.manifest"))
