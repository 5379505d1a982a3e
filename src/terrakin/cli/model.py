"""`terrakin model`: trained models, checked, compared and made from the weights of others."""

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from terrakin.cli.say import say

if TYPE_CHECKING:
    from terrakin.api.model import Checked

__all__ = ["register"]

Model = Annotated[str, typer.Argument(help="A shipped model by name, or a bundle's folder or .zip.", metavar="BUNDLE")]


_WRONG_USE = 2


def register(app: typer.Typer) -> None:
    """Add the verb with its own verbs."""
    group = typer.Typer(help="Check, compare and convert trained models.", invoke_without_command=True, callback=_alone)
    group.command("check", epilog="Example: terrakin model check imagenet-mobilenetv2")(_check)
    group.command("compare", epilog="Example: terrakin model compare imagenet-mobilenetv2 mine --dataset ucm --root UCM")(
        _compare
    )
    group.command(
        "convert",
        epilog="Example: terrakin model convert resnet34.pth --out mine --licence BSD-3-Clause --training-data ImageNet",
    )(_convert)
    app.add_typer(group, name="model")


def _alone(context: typer.Context) -> None:
    """Say what there is, where a person asked for nothing of it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(_WRONG_USE)


def _check(
    model: Model,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Run a model's self-test; say what it needs and gives, how fast it is and how large."""
    from terrakin.api.model import check
    from terrakin.bundles.passport_json import to_json
    from terrakin.views.table import aligned

    found = check(model)
    if as_json:
        values = {
            "passport": to_json(found.passport),
            "self_test": "passed",
            "images_per_second": {str(callers): rate for callers, rate in found.rates.items()},
            "bytes": found.sizes,
        }
        typer.echo(json_text.dumps(values, indent=2, ensure_ascii=False))
    else:
        typer.echo(aligned(_rows(found), right=(False, False)), nl=False)


def _rows(found: "Checked") -> list[tuple[str, str]]:
    from terrakin.views.wording import printable, space_words

    passport = found.passport
    reducer = passport.reducer
    rows = [
        ("model", f"{passport.name} {passport.version}"),
        ("self-test", "passed"),
        *((f"images/s, {callers} caller{'s'[: callers - 1]}", f"{rate:,.0f}") for callers, rate in found.rates.items()),
        *((name, f"{size / 1e3:,.1f} kB") for name, size in found.sizes.items()),
        ("bands", ", ".join(passport.bands)),
        ("input", f"{passport.input_size} px"),
        ("space", space_words(passport.space)),
        ("reducer", "none" if reducer is None else f"{reducer.kind} to {reducer.size}, fitted on {reducer.fitted_on}"),
        ("outputs", ", ".join(passport.outputs)),
        ("training data", passport.training_data),
        ("licence", passport.licence),
        ("sha256", passport.digest),
    ]
    return [(name, printable(value)) for name, value in rows]


def _compare(
    first: Annotated[str, typer.Argument(help="A model: a shipped one by name, or a bundle.", metavar="A")],
    second: Annotated[str, typer.Argument(help="Another one.", metavar="B")],
    dataset: Annotated[str | None, typer.Option(help="A benchmark; see `terrakin show datasets`.", metavar="NAME")] = None,
    root: Annotated[Path | None, typer.Option(help="Where the benchmark lies.", metavar="FOLDER")] = None,
    data: Annotated[Path | None, typer.Option(help="Your own class folders instead.", metavar="FOLDER")] = None,
    protocol: Annotated[
        str, typer.Option(help="How queries and galleries are made; see `terrakin show protocols`.", metavar="NAME")
    ] = "loo",
    measures: Annotated[
        str | None, typer.Option(help="Measures, with commas. [default: those of the protocol]", metavar="NAMES")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap and of drawn queries.", min=0, metavar="NUMBER")] = 0,
    json: Annotated[Path | None, typer.Option(help="Also write the comparison as JSON.", metavar="FILE")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the result.")] = False,
) -> None:
    """Say which of two models finds better what belongs together, on the same labelled images."""
    from terrakin.api.model_compare import compare
    from terrakin.progress import bar
    from terrakin.views.output import write_text
    from terrakin.views.preference import preference_text, preference_values

    if (data is None) == (dataset is None):
        raise typer.BadParameter("name a benchmark with --dataset and --root, or your own class folders with --data")
    if (dataset is None) != (root is None):
        raise typer.BadParameter("--dataset and --root go together", param_hint="--root")
    found = compare(
        first,
        second,
        _there(data, "--data") if root is None else _there(root, "--root"),
        dataset=dataset,
        protocol=protocol,
        measures=None if measures is None else [name.strip() for name in measures.split(",")],
        seed=seed,
        bar=lambda words, unit: bar(words, unit=unit, quiet=quiet),
    )
    typer.echo(preference_text(found, first, second, protocol=protocol), nl=False)
    if json is not None:
        values = preference_values(found, first, second, protocol=protocol)
        write_text(json, json_text.dumps(values, indent=2, ensure_ascii=False) + "\n")
        say(f"comparison: {json}", quiet=quiet)


def _convert(
    file: Annotated[
        Path, typer.Argument(help="An .onnx file, or a state dict: .safetensors, .pth, .pt and the like.", metavar="FILE")
    ],
    out: Annotated[Path, typer.Option(help="The new bundle: a folder, or a .zip.", metavar="BUNDLE")],
    licence: Annotated[
        str | None, typer.Option(help="Licence of the weights, as SPDX writes it. [required]", metavar="SPDX")
    ] = None,
    training_data: Annotated[str | None, typer.Option(help="What the model saw. [required]", metavar="WORDS")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model. [default: the file's]", metavar="NAME")] = None,
    version: Annotated[str, typer.Option(help="Version of the model under that name.", metavar="TEXT")] = "1",
    bands: Annotated[
        str | None, typer.Option(help="Bands it reads, with commas. [default: red,green,blue]", metavar="NAMES")
    ] = None,
    input_size: Annotated[
        int | None, typer.Option(help="Side of its input in pixels. [default: the file's, or 224]", min=1, metavar="PIXELS")
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(help="Subtracted from values in [0, 1], by band. [default: the architecture's]", metavar="NUMBERS"),
    ] = None,
    std: Annotated[
        str | None, typer.Option(help="Then divided by, by band. [default: the architecture's]", metavar="NUMBERS")
    ] = None,
    architecture: Annotated[
        str | None, typer.Option(help="Backbone of a checkpoint. [default: recognised]", metavar="NAME")
    ] = None,
    padding: Annotated[
        Literal["same", "symmetric"] | None,
        typer.Option(
            help="Of a checkpoint of mobilenetv2, required there: symmetric for torchvision's weights, same for weights that "
            "come from TensorFlow. No file tells which, and the wrong one runs and is worse."
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(help="Tensor of an ONNX graph to take. [default: what its classifier reads]", metavar="NAME"),
    ] = None,
    weights: Annotated[
        Literal["float32", "int8"], typer.Option(help="How weights are stored; int8 takes a quarter of the space.")
    ] = "float32",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing.")] = False,
) -> None:
    """Make a bundle of a checkpoint of a known architecture, or of an ONNX classifier or embedder."""
    from terrakin.api.model_convert import ArgumentError, convert

    if licence is None:
        raise typer.BadParameter(
            "whoever uses the bundle must know under what licence; no file of weights says it", param_hint="--licence"
        )
    if training_data is None:
        raise typer.BadParameter(
            "what a model saw decides what it can be measured on; no file of weights says it", param_hint="--training-data"
        )
    try:
        bundle = convert(
            file,
            licence=licence,
            training_data=training_data,
            name=name,
            version=version,
            bands=None if bands is None else [one.strip() for one in bands.split(",")],
            input_size=input_size,
            mean=_numbers(mean, "--mean"),
            std=_numbers(std, "--std"),
            architecture=architecture,
            padding=padding,
            output=output,
            weights=weights,
        )
    except ArgumentError as exc:
        raise typer.BadParameter(str(exc)) from exc
    bundle.save(out)
    say(bundle.card.splitlines()[2], quiet=quiet)
    say(f"wrote {out}; see: terrakin model check {out}", quiet=quiet)


def _there(path: Path | None, option: str) -> Path:
    if path is None or not path.exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint=option)
    return path


def _numbers(text: str | None, option: str) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(number) for number in text.split(",")]
    except ValueError as exc:
        raise typer.BadParameter(f"{text!r} is not numbers with commas, such as 0.485,0.456,0.406", param_hint=option) from exc
