"""`terrakin index`: from files on disk to an archive."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from terrakin.cli.say import say
from terrakin.errors import SourceError

if TYPE_CHECKING:
    from terrakin.api.archive import Archive
    from terrakin.archive.options import Options
    from terrakin.archive.report import Summary

__all__ = ["register"]

_SHOWN = 10
"""Skipped files that are listed on the terminal; the report in the archive lists all."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("index", epilog="Example: terrakin index ~/imagery/2024 --archive coast --chip-size 256")(_index)


def _index(
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Folders, images, scenes, STAC items, tables of paths.", metavar="SOURCE")
    ] = None,
    *,
    archive: Annotated[Path, typer.Option(help="The archive; made where it does not exist.", metavar="DIR")],
    model: Annotated[str | None, typer.Option(help="A shipped bundle or the path of one.", metavar="NAME|BUNDLE")] = None,
    bands: Annotated[
        str | None, typer.Option(help="Bands to read, in the model's order: nir,red,green.", metavar="NAMES")
    ] = None,
    chip_size: Annotated[
        int | None,
        typer.Option(
            help="Side of a chip in pixels. [default: 256 for scenes, whole images up to 1024]", min=1, metavar="PIXELS"
        ),
    ] = None,
    overlap: Annotated[
        int | None, typer.Option(help="Pixels that neighbouring chips share. [default: 0]", min=0, metavar="PIXELS")
    ] = None,
    gsd: Annotated[
        float | None,
        typer.Option(help="Metres on the ground for a pixel of a chip. [default: the scene's own]", metavar="METRES"),
    ] = None,
    edges: Annotated[
        Literal["shift", "clip", "drop"] | None,
        typer.Option(help="The rest at the right and bottom: shift chips back inside, clip them, or drop it. [default: shift]"),
    ] = None,
    min_valid: Annotated[
        float | None,
        typer.Option(help="Smallest share of valid pixels in a chip. [default: 0.5]", min=0.0, max=1.0, metavar="SHARE"),
    ] = None,
    scaling: Annotated[
        str | None,
        typer.Option(help="How values become 0..1: auto, sensor, LOW:HIGH, pLOW:pHIGH. [default: auto]", metavar="RULE"),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Where labels come from: auto, folder, json, none, or a column. [default: auto]", metavar="WHERE"),
    ] = None,
    dates: Annotated[
        str | None,
        typer.Option(help="Where dates come from: auto, name, tags, none, or a column. [default: auto]", metavar="WHERE"),
    ] = None,
    reducer: Annotated[
        str | None, typer.Option(help="Fit a reducer on the archive: pca:SIZE or pca-whitened:SIZE.", metavar="KIND:SIZE")
    ] = None,
    multi_code: Annotated[
        str | None,
        typer.Option(
            help="Codes of regions in place of embeddings, fitted on the archive: default, or primitives=8,bits=32,...",
            metavar="SETTINGS",
        ),
    ] = None,
    hash: Annotated[  # noqa: A002 - the option's name
        str | None,
        typer.Option(
            help="Also keep codes: fit this hash function, NAME or NAME:OPTION=VALUE,...; see `terrakin show hashers`.",
            metavar="NAME",
        ),
    ] = None,
    bits: Annotated[int | None, typer.Option(help="Bits of a code. [default: 64]", min=8, metavar="COUNT")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Read the sources as copies of this benchmark, now and later; none: plainly. See `terrakin show datasets`.",
            metavar="NAME",
        ),
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Drop scenes that have vanished from the sources.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail at the first file that cannot be taken in.")] = False,
    workers: Annotated[int | None, typer.Option(help="Threads. [default: one a core]", min=1, metavar="COUNT")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing.")] = False,
) -> None:
    """Cut imagery into chips, embed them, and keep them in an archive.

    Run again, it adds what is new, replaces what changed, and goes on where it was interrupted.
    """
    from terrakin.api.archive import Archive
    from terrakin.archive import manifest
    from terrakin.bundles.bundle import DEFAULT
    from terrakin.progress import bar

    options: Options = {
        "bands": None if bands is None else [name.strip() for name in bands.split(",")],
        "chip_size": chip_size,
        "overlap": overlap,
        "gsd_m": gsd,
        "edges": edges,
        "min_valid": min_valid,
        "scaling": scaling,
        "labels": labels,
        "dates": dates,
        "reducer": reducer,
        "multi_code": multi_code,
        "hash": hash,
        "bits": bits,
    }
    sources = sources or []
    missing = [path for path in sources if not path.exists()]
    if missing:
        raise typer.BadParameter(f"{missing[0]} does not exist", param_hint="SOURCE")
    if archives := [path for path in sources if (path / manifest.NAME).is_file()]:
        raise typer.BadParameter(f"{archives[0]} is an archive; name the imagery that it was made of", param_hint="SOURCE")
    if not sources and hash is None and bits is None:
        raise typer.BadParameter("name what is to be indexed, or codes to make with --hash", param_hint="SOURCE")
    try:
        if not sources:
            held = Archive.open(archive)
            held.must_be(model=model, **options)
            with bar("Making codes", unit="chips", quiet=quiet) as progress:
                held.encode(hash, bits=bits, progress=progress)
            say(_codes(held), quiet=quiet)
            return
        # An archive without a chip is what a first try with wrong options leaves: it binds nobody.
        if (archive / manifest.NAME).exists() and len(Archive.open(archive)):
            held = Archive.open(archive)
            held.must_be(model=model, **options)
        else:
            held = Archive.create(archive, model=model or DEFAULT, **options)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    if dataset is None:
        for path in sources:
            if before := held.datasets.get(str(path.absolute())):
                say(f"{path} is read as {before}, as before; --dataset none reads it plainly", quiet=quiet)
    with bar("Indexing", unit="chips", quiet=quiet) as progress:
        summary = held.add(
            sources, dataset=dataset, prune=prune, strict=strict, workers=workers, hash=hash, bits=bits, progress=progress
        )
    for line in _lines(summary, held):
        say(line, quiet=quiet)
    if not summary.added + summary.replaced + summary.unchanged + summary.removed:
        raise SourceError(_nothing(sources, summary, held))


def _nothing(sources: list[Path], summary: "Summary", held: "Archive") -> str:
    from terrakin.archive.report import NAME

    named = ", ".join(map(str, sources))
    if summary.skipped:
        return f"nothing in {named} could be indexed; the reasons are in {held.path / NAME}"
    return f"there is no imagery in {named}; name a folder, an image, a STAC item or a table that has some"


def _lines(summary: "Summary", held: "Archive") -> list[str]:
    from terrakin.archive.report import NAME
    from terrakin.views.wording import recall_words, space_words

    counts = {
        "added": summary.added,
        "replaced": summary.replaced,
        "unchanged": summary.unchanged,
        "removed": summary.removed,
        "vanished (--prune drops them)": summary.vanished,
        "skipped": len(summary.skipped),
    }
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    rate = summary.chips / summary.seconds if summary.seconds else 0.0
    lines = [f"scenes: {told or 'none found'}", f"chips: {summary.chips:,} added in {summary.seconds:.1f} s ({rate:,.0f}/s)"]
    if summary.left_out:
        lines.append(f"windows left out for too few valid pixels: {summary.left_out:,}")
    lines += [f"skipped {skipped.uri}: {skipped.reason}" for skipped in summary.skipped[:_SHOWN]]
    if len(summary.skipped) > _SHOWN:
        lines.append(f"... and {len(summary.skipped) - _SHOWN:,} more; all are listed in {held.path / NAME}")
    if summary.recall is not None:
        lines.append(f"search is approximate at this size: {recall_words(summary.recall)}")
    if held.store.codes is not None:
        lines.append(_codes(held))
    elif (space := held.bundle.passport.space).is_binary:
        lines.append(f"codes: {space_words(space)}, {space.bytes:,} bytes an image")
    lines.append(f"archive {held.path}: {len(held):,} chips")
    return lines


def _codes(held: "Archive") -> str:
    from terrakin.views.wording import codes_words

    return f"codes: {codes_words(held.info()['codes'])}"
