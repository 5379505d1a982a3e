"""A published table beside figures of one's own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrakin.api.embedded import ImageSet, find_images
from terrakin.api.finished import Finished, read_finished, run_name, run_path
from terrakin.api.measured import How, Measured, measured
from terrakin.api.reproduce_plan import Asked, Reading, readings, recipe_text
from terrakin.api.reproduce_words import changed_values, evaluation_words, standard_words, training_facts, training_words
from terrakin.api.train import train as train_run
from terrakin.datasets.dataset import DATASETS
from terrakin.errors import BundleError, EvaluationError, SourceError, TrainingError, UnknownNameError
from terrakin.papers.reading import read_table
from terrakin.papers.reproduction import Entry, Ours, Reproduction, Spread
from terrakin.papers.table import Row, Table
from terrakin.progress import Bars, hidden
from terrakin.registry import nearest
from terrakin.training.ahead import cores

__all__ = ["reproduce"]

_IMAGES = "images"
# Folder of decoded training images, in that of the runs.


def reproduce(
    table: str | Path,
    runs: str | Path,
    *,
    train: Mapping[str, str | Path] | None = None,
    test: Mapping[str, str | Path] | None = None,
    init: str | Path | None = None,
    seeds: Sequence[int] = (),
    changes: Sequence[str] = (),
    rows: Sequence[str] = (),
    measures: Sequence[str] = (),
    device: str = "auto",
    may_train: bool = True,
    dry_run: bool = False,
    bars: Bars = hidden,
) -> Reproduction:
    """Train what a published table is of, or read runs that are finished, and measure it as the paper did and as is usual.

    For each row with a recipe, the bundle `<recipe>.seed<number>` in `runs` is read, or trained there where it is missing; that
    of an iteration of self-training lies in the folder beside it. Then it is measured on each test set that is given, by the
    protocol that follows the paper and leave-one-out. Vectors and figures are kept in `runs`: the same call repeated reads
    them, and one that was interrupted goes on.

    Args:
        table: name of a shipped table, or path of a CSV with the TOML of its paper beside it.
        runs: folder of the runs, made where it is missing.
        train: training sets by name, and pools whose labels are not learnt; a training set other than the paper's is a
            deviation, which the result says.
        test: test sets by name, as the table or the registry of data sets calls them.
        init: weights that backbones start from, as `terrakin.train` takes them.
        seeds: one run each; where empty, every finished run of a recipe, or seed 0.
        changes: `table.key=value` each, applied to every recipe that is trained.
        rows: only rows whose name contains one of these, or whose recipe is one of these; all where empty.
        measures: names of more measures beside the paper's and `map`.
        device: `auto`, `cpu` or `cuda`, for training.
        may_train: train runs that are missing.
        dry_run: do nothing, and say what would be done.
        bars: asked for one for each stage that takes long.

    Raises:
        UnknownNameError: for a table, a row, a test set, a recipe or a measure that does not exist.
        EvaluationError: if the table cannot be read.
        TerrakinError: if data or weights are not what was said, or a run cannot be trained.
    """
    from terrakin.evaluation.measures.known import measure

    printed = read_table(table)
    names = list(dict.fromkeys([*(name for name in printed.measures.values() if name), "map", *measures]))
    for name in names:
        measure(name)
    work = _Work(
        printed,
        Asked(
            Path(runs),
            {name: Path(path) for name, path in (train or {}).items()},
            init,
            tuple(seeds),
            tuple(changes),
            may_train,
            frozenset(row.way.pool for row in printed.rows if row.way.pool),
        ),
        _test_sets(printed, test or {}),
        tuple(names),
        device,
        bars,
    )
    for name, folder in (*work.asked.train.items(), *work.tests.items()):
        # At once, and not after hours of training.
        if not folder.is_dir():
            raise SourceError(f"there is no folder at {str(folder)!r}; say where {name} lies")
    chosen = _chosen_rows(printed, rows)
    entries = [_foretold(work, row) if dry_run else _entry(work, row) for row in chosen]
    return Reproduction(printed, tuple(entries), tuple(names))


@dataclass(frozen=True, slots=True)
class _Work:
    """What every row is reproduced with."""

    table: Table
    asked: Asked
    tests: Mapping[str, Path]
    measures: tuple[str, ...]
    device: str
    bars: Bars
    found: dict[str, ImageSet] = field(default_factory=dict)
    """Test sets that were listed."""


def _test_sets(table: Table, given: Mapping[str, str | Path]) -> dict[str, Path]:
    """Paths by the names that rows have for their test sets."""
    by_name = {name: row.data for row in table.rows if row.data for name in (row.test, row.data)}
    for name in given:
        if name not in by_name:
            known = ", ".join(dict.fromkeys(by_name.values()))
            raise UnknownNameError(f"table {table.name} has no test set {name!r};{nearest(name, by_name)} it has {known}")
    return {by_name[name]: Path(path) for name, path in given.items()}


def _chosen_rows(table: Table, wanted: Sequence[str]) -> list[Row]:
    for name in wanted:
        if not any(_is_meant(row, name) for row in table.rows):
            raise UnknownNameError(
                f"table {table.name} has no row {name!r}; it has {', '.join(dict.fromkeys(row.name for row in table.rows))}"
            )
    return [row for row in table.rows if not wanted or any(_is_meant(row, name) for name in wanted)]


def _is_meant(row: Row, name: str) -> bool:
    return name.casefold() in row.name.casefold() or name in (row.way.recipe, row.way.same, *row.way.also)


def _foretold(work: _Work, row: Row) -> Entry:
    """What would be done for a row."""
    lacks = _lacks_test(work, row)
    told = [row.way.reason] if row.way.reason else []
    for reading in readings(row.way, work.asked):
        runs = [f"read {reading.name(seed)}" for seed in reading.finished]
        on = reading.data if reading.pool is None else f"{reading.data} and {reading.pool} without its labels"
        runs += [f"train {reading.name(seed)} on {on}" for seed in reading.to_train]
        if runs and not lacks:
            told.append(f"would {', '.join(runs)}, and measure on {row.data}")
        told += reading.lacks
    if lacks and row.way.recipe:
        told.append(lacks)
    return Entry(row, (), tuple(told))


def _entry(work: _Work, row: Row) -> Entry:
    """A row with the figures that can be had."""
    if row.way.recipe is None:
        return Entry(row, (), (row.way.reason,))
    lacks = _lacks_test(work, row)
    ours: list[Ours] = []
    told: list[str] = []
    for reading in readings(row.way, work.asked):
        told += reading.lacks
        if lacks or not (reading.finished or reading.to_train):
            continue
        try:
            for seed in reading.to_train:
                _train(work, reading, seed)
            ours.append(_ours(work, row, reading))
        # A run that cannot be trained, or read, keeps no other row from its figures.
        except (BundleError, EvaluationError, TrainingError) as exc:
            told.append(f"{run_name(reading.recipe)}: {exc}")
    return Entry(row, tuple(ours), (*told, *([lacks] if lacks else [])))


def _lacks_test(work: _Work, row: Row) -> str:
    if row.data is None:
        return f"the test set {row.test} has no reader"
    return "" if row.data in work.tests else f"to measure it, give the test set: --test {row.data}=FOLDER"


def _train(work: _Work, reading: Reading, seed: int) -> None:
    out = run_path(work.asked.runs, reading.recipe, seed)
    if out.exists():
        return  # another row wanted it
    out.parent.mkdir(parents=True, exist_ok=True)
    name, pool = str(reading.data), reading.pool
    train_run(
        reading.recipe,
        work.asked.train[name],
        out,
        dataset=name if name in DATASETS else None,
        device=work.device,
        resume=True,
        init=work.asked.init,
        seed=seed,
        changes=work.asked.changes,
        cache=work.asked.runs / _IMAGES / name,
        pool=None if pool is None else work.asked.train[pool],
        pool_dataset=pool if pool in DATASETS else None,
        bars=work.bars,
    )


def _ours(work: _Work, row: Row, reading: Reading) -> Ours:
    """Figures of one reading of a row."""
    seeds = sorted({*reading.finished, *reading.to_train})
    read = (read_finished(run_path(work.asked.runs, reading.recipe, seed), seed, reading.iteration) for seed in seeds)
    runs, warnings = _alike(list(read), run_name(reading.recipe))
    warnings += _not_as_asked(work, reading, runs[0])
    warnings += _seen(runs[0], row)
    if row.data not in work.found:
        work.found[str(row.data)] = find_images(str(row.data), work.tests[str(row.data)])
    images = work.found[str(row.data)]
    found = [_measured(work, run, reading, images) for run in runs]
    facts = training_facts(runs, row.way, reading.recipe, work.asked.train)
    return Ours(
        recipe=run_name(reading.recipe),
        seeds=tuple(run.seed for run in runs),
        paper=_spreads([one.paper for one in found], work.measures),
        standard=_spreads([one.standard for one in found], work.measures),
        training=training_words(facts),
        evaluation=evaluation_words(images.name, found[0]),
        leave_one_out=standard_words(images.name, found[0]),
        facts={
            **facts,
            "runs": [str(run.path) for run in runs],
            "vector": found[0].vector,
            "images_tested": len(images.candidates),
            "evaluation": found[0].paper["protocol"],
            "standard": found[0].standard["protocol"],
        },
        warnings=tuple(dict.fromkeys([*warnings, *(words for one in found for words in _warnings(one))])),
    )


def _measured(work: _Work, run: Finished, reading: Reading, images: ImageSet) -> Measured:
    with work.bars(f"Measuring {run.name} on {images.name}", "images") as progress:
        return measured(
            run.bundle,
            reading.vector,
            images,
            work.asked.runs,
            How(work.table.evaluation, work.table.components, work.measures),
            workers=cores(),
            progress=progress,
        )


def _alike(runs: Sequence[Finished], name: str) -> tuple[list[Finished], list[str]]:
    """The runs that differ from the first in their seed alone, and what became of the others in words."""
    first, alike, told = runs[0], [runs[0]], []
    for run in runs[1:]:
        changed = list(changed_values(first.recipe, run.recipe))
        changed += ["the training images"] if (run.images, run.classes) != (first.images, first.classes) else []
        changed += ["the pool"] if run.learnt and first.learnt and run.learnt.pool != first.learnt.pool else []
        if changed:
            told.append(f"{name}.seed{run.seed} is left out: it differs from seed {first.seed} in {', '.join(changed)}")
        else:
            alike.append(run)
    return alike, told


def _not_as_asked(work: _Work, reading: Reading, run: Finished) -> list[str]:
    """A warning where a finished run is not what the changes ask for: it is read as it is."""
    if not work.asked.changes or recipe_text(reading.recipe) is None:
        return []
    from terrakin.training.reading import read_recipe

    asked = read_recipe(reading.recipe, work.asked.changes).source
    differ = (f"{key} {there} ({here} asked)" for key, (here, there) in changed_values(asked, run.recipe).items())
    words = ", ".join(differ)
    return [f"{run.name} was trained otherwise than --set asks: {words}"] if words else []


def _seen(run: Finished, row: Row) -> list[str]:
    """A warning where a run trained on the classes of the test set."""
    if row.data is None or row.data not in DATASETS or set(DATASETS[row.data].classes) != set(run.classes):
        return []
    return [f"{run.name} was trained on classes of {row.data}: on images that it has seen, figures say nothing"]


def _spreads(found: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Spread]:
    return {name: Spread(tuple(one["measures"][name]["value"] for one in found)) for name in names}


def _warnings(found: Measured) -> Iterator[str]:
    yield from found.paper["warnings"]
    yield from found.standard["warnings"]
