"""`terrakin evaluate`: measured quality, with its protocol."""

import sys
import tempfile
from contextlib import ExitStack
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from terrakin.cli.say import say

if TYPE_CHECKING:
    from terrakin.api.archive import Archive

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("evaluate", epilog="Example: terrakin evaluate --dataset ucm --root UCMerced_LandUse --charts charts")(
        _evaluate
    )


def _evaluate(
    archive: Annotated[Path | None, typer.Argument(help="An archive with labels.", metavar="ARCHIVE")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="A benchmark instead; see `terrakin show datasets`.", metavar="NAME")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Where the benchmark lies.", metavar="FOLDER")] = None,
    model: Annotated[str | None, typer.Option(help="The model to measure on it.", metavar="NAME|BUNDLE")] = None,
    reducer: Annotated[
        str | None, typer.Option(help="Fit a reducer on the benchmark: pca:SIZE or pca-whitened:SIZE.", metavar="KIND:SIZE")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="How queries and galleries are made; see `terrakin show protocols`.", metavar="NAME")
    ] = "loo",
    measures: Annotated[
        str | None, typer.Option(help="Measures, with commas. [default: those of the protocol]", metavar="NAMES")
    ] = None,
    relevance: Annotated[
        str | None,
        typer.Option(
            help="What answers a query: same-class, share-any, jaccard>=T, same-labels, same-place, overlap>=F. "
            "[default: that of the protocol]",
            metavar="RULE",
        ),
    ] = None,
    ties: Annotated[
        Literal["id", "expected", "best", "worst", "sample"], typer.Option(help="What equal distances count as.")
    ] = "id",
    mean: Annotated[Literal["query", "class"], typer.Option(help="Mean over queries, or over classes of them.")] = "query",
    interval: Annotated[Literal["query", "class"], typer.Option(help="What the bootstrap draws.")] = "query",
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap and of drawn queries.", min=0, metavar="NUMBER")] = 0,
    against: Annotated[
        Path | None,
        typer.Option(help="Also compare with another archive of the same chips, query by query.", metavar="ARCHIVE"),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Also write the report as JSON.", metavar="FILE")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write the report as Markdown.", metavar="FILE")] = None,
    charts: Annotated[
        Path | None, typer.Option(help="Also draw per-class bars, the P@k curve and the worst queries.", metavar="FOLDER")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the table.")] = False,
) -> None:
    """Measure retrieval quality on labels, with 95 % intervals."""
    from terrakin.api.archive import Archive
    from terrakin.progress import bar
    from terrakin.views.comparison import comparison_values, plain_comparison
    from terrakin.views.output import write_text
    from terrakin.views.report_text import print_report

    if (archive is None) == (dataset is None):
        raise typer.BadParameter("name an ARCHIVE, or a benchmark with --dataset and --root", param_hint="ARCHIVE")
    if dataset is not None and root is None:
        raise typer.BadParameter("say where the benchmark lies", param_hint="--root")
    if root is not None and not root.exists():
        raise typer.BadParameter(f"{root} does not exist", param_hint="--root")
    if archive is not None and (model or reducer or root):
        raise typer.BadParameter("an archive has its own model; --model, --reducer and --root go with --dataset")
    other = None if against is None else Archive.open(against)
    how: dict[str, Any] = {
        "protocol": protocol,
        "measures": None if measures is None else [name.strip() for name in measures.split(",")],
        "relevance": relevance,
        "ties": ties,
        "mean": mean,
        "interval": interval,
        "seed": seed,
    }
    with ExitStack() as stack:
        if archive is not None:
            held = Archive.open(archive)
        else:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="terrakin-")))
            held = _indexed(scratch / str(dataset), str(dataset), Path(str(root)), model, reducer, quiet=quiet)
        with bar("Measuring", unit="queries", quiet=quiet) as progress:
            report = held.evaluate(**how, progress=progress)
            compared = None if other is None else held.compare(other, **how, progress=progress)
        print_report(report, sys.stdout)
        if compared is not None:
            typer.echo(f"\nagainst {against}\n{plain_comparison(compared)}", nl=False)
        if json is not None:
            write_text(json, _with(report.to_json(), None if compared is None else comparison_values(compared)) + "\n")
            say(f"report: {json}", quiet=quiet)
        if markdown is not None:
            write_text(markdown, report.to_markdown())
            say(f"report: {markdown}", quiet=quiet)
        if charts is not None:
            for path in held.charts(report, charts):
                say(f"drawn: {path}", quiet=quiet)


def _with(report: str, against: dict[str, Any] | None) -> str:
    return report if against is None else dumps({**loads(report), "against": against}, indent=2, ensure_ascii=False)


def _indexed(path: Path, dataset: str, root: Path, model: str | None, reducer: str | None, *, quiet: bool) -> "Archive":
    from terrakin.api.archive import Archive
    from terrakin.bundles.bundle import DEFAULT
    from terrakin.progress import bar

    try:
        held = Archive.create(path, model=model or DEFAULT, reducer=reducer)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    with bar("Embedding", unit="images", quiet=quiet) as progress:
        summary = held.add(root, dataset=dataset, progress=progress)
    for skipped in summary.skipped:
        say(f"skipped {skipped.uri}: {skipped.reason}", quiet=quiet)
    return held
