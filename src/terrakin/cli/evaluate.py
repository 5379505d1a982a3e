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
    from terrakin.evaluation.report import Report
    from terrakin.evaluation.robustness.report import Robustness

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
            help="What answers a query: same-class, share-any, share-all, jaccard>=T, same-labels, same-place, overlap>=F. "
            "[default: that of the protocol]",
            metavar="RULE",
        ),
    ] = None,
    ties: Annotated[
        Literal["id", "expected", "best", "worst", "sample"] | None,
        typer.Option(help="What equal distances count as. [default: id; expected with --codes]"),
    ] = None,
    mean: Annotated[Literal["query", "class"], typer.Option(help="Mean over queries, or over classes of them.")] = "query",
    interval: Annotated[Literal["query", "class"], typer.Option(help="What the bootstrap draws.")] = "query",
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap and of drawn queries.", min=0, metavar="NUMBER")] = 0,
    codes: Annotated[bool, typer.Option("--codes", help="Rank by the archive's codes instead of its vectors.")] = False,
    against: Annotated[
        Path | None,
        typer.Option(help="Also compare with another archive of the same chips, query by query.", metavar="ARCHIVE"),
    ] = None,
    against_model: Annotated[
        str | None, typer.Option(help="Also compare with another model on the same benchmark.", metavar="NAME|BUNDLE")
    ] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Ask with distorted images instead, and tell how far mAP falls.")
    ] = False,
    distortions: Annotated[
        str | None, typer.Option(help="With --robustness, these alone, with commas. [default: all]", metavar="NAMES")
    ] = None,
    queries: Annotated[
        int | None,
        typer.Option(help="With --robustness, ask with so many, spread over classes. [default: all]", min=1, metavar="NUMBER"),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Also write the report as JSON.", metavar="FILE")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write the report as Markdown.", metavar="FILE")] = None,
    charts: Annotated[
        Path | None,
        typer.Option(
            help="Also draw the report: bars, curves, the worst queries; or curves over each distortion.", metavar="FOLDER"
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the table.")] = False,
) -> None:
    """Measure retrieval quality on labels, with 95 % intervals."""
    from terrakin.api.archive import Archive
    from terrakin.bundles.bundle import DEFAULT
    from terrakin.cli.evaluate_robustness import measure_robustness
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
    if archive is not None and (model or reducer or root or against_model):
        raise typer.BadParameter(
            "an archive has its own model; --model, --against-model, --reducer and --root go with --dataset"
        )
    if codes and archive is None:
        raise typer.BadParameter("codes are those of an ARCHIVE that has some; index the benchmark first", param_hint="--codes")
    if against is not None and against_model is not None:
        raise typer.BadParameter("--against and --against-model are two; choose one")
    if robustness:
        # What the protocol of distorted queries fixes. Each is told by its name.
        for option, given, fixed in (
            ("--protocol", protocol, "loo"),
            ("--measures", measures, None),
            ("--ties", ties or "id", "id"),
            ("--codes", codes, False),
            ("--mean", mean, "query"),
            ("--interval", interval, "query"),
        ):
            if given != fixed:
                raise typer.BadParameter(
                    "--robustness measures mAP and P@10 by leave-one-out over queries; leave this option out", param_hint=option
                )
    elif distortions is not None or queries is not None:
        raise typer.BadParameter("--distortions and --queries go with --robustness")
    other = None if against is None else Archive.open(against)
    how: dict[str, Any] = {
        "protocol": protocol,
        "measures": _named(measures),
        "relevance": relevance,
        "ties": ties,
        "mean": mean,
        "interval": interval,
        "seed": seed,
        "codes": codes,
    }
    with ExitStack() as stack:
        if archive is not None:
            held = Archive.open(archive)
        else:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="terrakin-")))
            held = _indexed(scratch / str(dataset), str(dataset), Path(str(root)), model, reducer, quiet=quiet)
            if against_model is not None:
                other = _indexed(scratch / "against", str(dataset), Path(str(root)), against_model, reducer, quiet=quiet)
        report: Report | Robustness
        if robustness:
            report = measure_robustness(
                held,
                other,
                distortions=_named(distortions),
                queries=queries,
                relevance=relevance,
                names=None if against_model is None else _told_apart(model or DEFAULT, against_model),
                seed=seed,
                quiet=quiet,
            )
            text = report.to_json()
        else:
            with bar("Measuring", unit="queries", quiet=quiet) as progress:
                report = held.evaluate(**how, progress=progress)
                compared = None if other is None else held.compare(other, **how, progress=progress)
            print_report(report, sys.stdout)
            if compared is not None:
                by = " by its vectors" if codes else ""
                typer.echo(f"\nagainst {against or against_model}{by}\n{plain_comparison(compared)}", nl=False)
            text = _with(report.to_json(), None if compared is None else comparison_values(compared))
        if json is not None:
            write_text(json, text + "\n")
            say(f"report: {json}", quiet=quiet)
        if markdown is not None:
            write_text(markdown, report.to_markdown())
            say(f"report: {markdown}", quiet=quiet)
        if charts is not None:
            for path in held.charts(report, charts):
                say(f"drawn: {path}", quiet=quiet)


def _named(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",")]


def _told_apart(*models: str) -> list[str]:
    """Last parts of what was given, where these differ: two bundles of one recipe are of one name."""
    ends = [Path(model).name for model in models]
    return ends if len(set(ends)) == len(ends) else list(models)


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
