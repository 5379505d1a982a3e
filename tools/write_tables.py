"""Fill the tables of the documentation from the program itself; a test fails when a committed page is stale.

    python tools/write_tables.py

A page marks a place by `<!-- table: NAME -->` and `<!-- end -->`; what lies between is written here.
"""

import ast
import dataclasses
import inspect
import json
import re
import textwrap
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from terrakin import errors
from terrakin.api.listing import listing
from terrakin.archive.manifest import Manifest
from terrakin.archive.report import Summary
from terrakin.archive.schema import SCENES, VECTOR, chips_schema
from terrakin.bundles.conversions import Conversions, Part
from terrakin.bundles.passport import Hashing, MultiCoding, Passport, Reduction
from terrakin.cli.app import FAILED, WRONG, WRONG_USE
from terrakin.datasets.table import table as dataset_rows
from terrakin.evaluation.measures.known import MEASURES
from terrakin.evaluation.protocols.known import PROTOCOLS
from terrakin.evaluation.relevance import RULES
from terrakin.hashing.known import HASHERS
from terrakin.hashing.multicode_settings import MultiCodeSettings
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.nn.heads.known import HEADS
from terrakin.nn.losses.known import LOSSES
from terrakin.papers.reading import read_table, tables
from terrakin.registry import Registry
from terrakin.scenes.formats import DRIVERS
from terrakin.scenes.sensors import SENSORS
from terrakin.scenes.source import SOURCES
from terrakin.spaces.kinds import SPACES
from terrakin.spaces.space import Space
from terrakin.training import recipe as recipes
from terrakin.training.augment import Augmentation
from terrakin.training.files import Files
from terrakin.training.optimizers import OPTIMIZERS, sgd
from terrakin.training.samplers.known import SAMPLERS
from terrakin.training.schedules import SCHEDULES
from terrakin.training.shipped import RECIPES, shipped_tables

__all__ = ["TABLES", "filled", "pages"]

ROOT = Path(__file__).parents[1]

_PLACE = re.compile(r"(?P<head><!-- table: (?P<name>[a-z-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)

CHIPS = {
    "id": "Readable and stable: `<key>` for a whole image, `<key>#<col>,<row>,<width>,<height>` for a window.",
    "scene": "Absolute path of the scene's file, folder or item.",
    "fingerprint": "Digest of the scene's content when the chip was read.",
    "col": "First column of the window, from 0.",
    "row": "First row of the window, from 0.",
    "width": "Columns of the window.",
    "height": "Rows of the window.",
    "footprint": "Polygon or multipolygon on the ground, EPSG:4326, WKB; null without geography.",
    "west": "Box of the footprint in degrees; `west > east` across the antimeridian.",
    "south": "As `west`.",
    "east": "As `west`.",
    "north": "As `west`.",
    "datetime": "Acquisition time, UTC.",
    "labels": "Classes, sorted; empty where none is known.",
    "valid_share": "Share of the window that holds measurements, 0 to 1.",
    "thumbnail": "JPEG of at most 128 x 128 px.",
    VECTOR: "The packed embedding, as long as the space is wide.",
}
"""What the columns of the chips table hold."""

SCENE_COLUMNS = {
    "uri": "Absolute path of the scene's file, folder or item.",
    "key": "Head of the ids of its chips.",
    "source": "The path that was indexed when it was found.",
    "stamp": "Changes with the size or time of a file, the metadata beside it, or the options.",
    "fingerprint": "Digest of the content of all its files; null where it could not be opened.",
    "state": "`complete`, or `skipped`. A scene under way has no row.",
    "reason": "Why it was skipped.",
    "chips": "How many chips it gave.",
    "low": "Values that became 0, one a band.",
    "high": "Values that became 1, one a band.",
    "scene": "Bands, grid, CRS, date and labels as they were read, as JSON.",
}
"""What the columns of the scenes table hold."""

DRIVER_TITLES = {
    "GTiff": "GeoTIFF, COG",
    "HFA": "ERDAS Imagine",
    "JP2OpenJPEG": "JPEG 2000",
    "WEBP": "WebP",
}
"""Names for people of those formats that GDAL calls otherwise."""

DISTANCES = {
    "codeset": "Sum over the codes that the query has of the bits that differ; half the bits of a code that the chip lacks.",
    "cosine": "1 - cosine of the angle, 0 to 2.",
    "hamming": "Number of bits that differ.",
    "l2": "Euclidean distance.",
    "pearson": "1 - correlation, 0 to 2.",
}
"""How the vectors of each kind of space compare."""

ADVICE = {
    "TerrakinError": "Catch it to catch all of them.",
    "UnknownNameError": "Choose a name that the message lists.",
    "MissingExtraError": "Run the `pip install` command in the message.",
    "SourceError": "Name a folder, an image, a STAC item or a table that exists.",
    "SceneError": "Mend or remove the file. Without `--strict` it is skipped and reported.",
    "BandNotFoundError": "Choose bands that the message lists, with `--bands`.",
    "BundleError": "Copy the bundle again from where it came.",
    "PassportMismatchError": "Use the archive's own model, or make another archive.",
    "ArchiveError": "Do what the message says: another folder, other options, a newer terrakin, or a copy.",
    "ArchiveNotFoundError": "Check the path, or make an archive with `terrakin index`.",
    "ArchiveBusyError": "Wait until the process in the message has ended, or end it.",
    "ArchiveFullError": "Make room and run the same command again; what was committed is kept.",
    "ChipNotFoundError": "Take the nearest id from the message, or the path of a file that exists.",
    "FilterError": "Correct the filter at the column that the message names.",
    "HashingError": "Do what the message says: more vectors, labels, fewer bits, or another hash function.",
    "DatasetError": "Give the folder that the published archive unpacks to.",
    "EvaluationError": "Choose a protocol, relevance or measure for which the chips have what is needed.",
    "OutputError": "Choose another path, or make room.",
    "RecipeError": "Correct the recipe, or the `--set`, at the table and key that the message names.",
    "TrainingError": "Do what the message says: another folder, other weights, a GPU, a lower learning rate.",
}
"""What to do about each error."""

GIVEN = ("bands", "channels", "classes", "size", "columns", "labels", "seed", "groups", "steps", "steps_an_epoch")
"""Arguments of constructors that training gives and no recipe names."""

OPTIONS = {
    "after": "Epochs after which the rate falls, in order.",
    "batch": "Images in a batch.",
    "factor": "What the rate is multiplied by there.",
    "last": "Share of the rate that the last step has.",
    "warmup": "Epochs of a straight rise at the beginning.",
}
"""Options that explain themselves in the code and not on a page."""


def pages() -> list[Path]:
    """The pages with marked places."""
    return [page for page in sorted((ROOT / "docs").glob("*.md")) if _PLACE.search(page.read_text(encoding="utf-8"))]


def filled(text: str) -> str:
    """A page with its tables as they should be.

    Raises:
        KeyError: for a place whose name is no table.
    """
    return _PLACE.sub(lambda place: f"{place['head']}\n{TABLES[place['name']]()}\n{place['end']}", text)


def _measures() -> str:
    rows = []
    for name in MEASURES:
        family = MEASURES[name]
        best = "no bound" if family.best == float("inf") else f"{family.best:g}"
        rows.append((f"`{name}`", " ".join(_as_code(family.form)), family.words, best))
    return _table(("family", "written", "what it measures", "best"), rows)


def _protocols() -> str:
    names = {PROTOCOLS[name].__name__: name for name in PROTOCOLS}
    rows = []
    for name in PROTOCOLS:
        planner = PROTOCOLS[name]
        words = _sentences(planner)
        for other, known in names.items():
            words = words.replace(f"`{other}`", f"`{known}`")
        options = ", ".join(f"`{field.name}={field.default}`" for field in fields(planner) if field.default is not MISSING)
        rows.append((f"`{name}`", words, options))
    return _table(("protocol", "what it does", "options with their defaults"), rows)


def _distortions() -> str:
    head, rows = listing("distortions")
    return _table(head, [(f"`{name}`", words, strengths) for name, words, strengths in rows])


def _relevance() -> str:
    return _table(("rule", "a chip is relevant where"), [(f"`{name}`", words) for name, words in RULES.items()])


def _sources() -> str:
    by_turn = sorted((SOURCES[name] for name in SOURCES), key=lambda source: (source.turn, source.name))
    return _table(("source", "what it reads"), [(f"`{source.name}`", source.title) for source in by_turn])


def _formats() -> str:
    drivers: dict[str, list[str]] = {}
    for end, driver in DRIVERS.items():
        drivers.setdefault(driver, []).append(f"`{end}`")
    return _table(
        ("format", "extensions"), [(DRIVER_TITLES.get(driver, driver), " ".join(ends)) for driver, ends in drivers.items()]
    )


def _sensors() -> str:
    rows = []
    for key, sensor in SENSORS.items():
        bands = ", ".join(" ".join(dict.fromkeys(filter(None, (band.name, band.common_name)))) for band in sensor.bands)
        ranged = any(band.display_range for band in sensor.bands)
        rows.append((f"`{key}`", sensor.title, bands, "yes" if ranged else "no"))
    return _table(("sensor", "what it is", "bands with their common names", "has a range"), rows)


def _datasets() -> str:
    head = ("name", "title", "images", "classes", "pixels", "gsd in metres", "bands", "licence")
    rows = [
        (f"`{r.name}`", r.title, f"{r.images:,}" if r.images else "", str(r.classes or ""), r.pixels, r.gsd, r.bands, r.licence)
        for r in dataset_rows()
    ]
    return _table(head, rows)


def _models() -> str:
    head, rows = listing("models")
    return _table(head, rows)


def _stores() -> str:
    head, rows = listing("stores")
    return _table(head, [(f"`{name}`", f"{words.partition('. ')[0].rstrip('.')}.") for name, words in rows])


def _spaces() -> str:
    return _table(("kind", "distance"), [(f"`{name}`", DISTANCES[name]) for name in SPACES])


def _chips() -> str:
    schema = chips_schema(Space("cosine", 256))
    rows = [(f"`{field.name}`", f"`{_type(str(field.type))}`", CHIPS[field.name]) for field in schema]
    return _table(("column", "type", "what it holds"), rows)


def _scenes() -> str:
    rows = [(f"`{field.name}`", f"`{_type(str(field.type))}`", SCENE_COLUMNS[field.name]) for field in SCENES]
    return _table(("column", "type", "what it holds"), rows)


def _errors() -> str:
    rows = []
    for name in errors.__all__:
        error = getattr(errors, name)
        status = str(WRONG_USE if issubclass(error, WRONG) else FAILED)
        other = ", ".join(f"`{base.__name__}`" for base in error.__bases__ if base not in (Exception, errors.TerrakinError))
        rows.append((f"`{name}`", inspect.getdoc(error) or "", other, status, ADVICE[name]))
    return _table(("error", "when", "also a", "exit status", "what to do"), rows)


def _of_fields(cls: type) -> Callable[[], str]:
    """A table of a dataclass: each field with the docstring under it."""

    def write() -> str:
        return _table(("key", "what it says"), [(f"`{name}`", words) for name, words in _field_words(cls).items()])

    return write


def _field_words(cls: type) -> dict[str, str]:
    words: dict[str, str] = {}
    for one in reversed([one for one in cls.__mro__ if dataclasses.is_dataclass(one)]):
        body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
        if not isinstance(body, ast.ClassDef):
            raise TypeError(f"{one} is no class")
        for field, below in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
                words[field.target.id] = " ".join(ast.literal_eval(below.value).split())
    missing = [field.name for field in fields(cls) if field.name not in words]
    if missing:
        raise ValueError(f"no docstring under {', '.join(missing)} of {cls.__name__}")
    return words


def _recipes() -> str:
    rows = []
    for file in sorted(RECIPES.glob("*.toml")):
        tables = shipped_tables(file.stem)
        losses = ", ".join(f"`{loss['name']}`" for loss in tables["loss"])
        parts = [f"`{tables[part]['name']}`" if part in tables else "" for part in ("frontend", "backbone", "head")]
        rows.append((f"`{file.stem}`", tables["words"], *parts, losses))
    return _table(("recipe", "what it is", "front-end", "backbone", "head", "losses"), rows)


def _paper_tables() -> str:
    rows = []
    for name in tables():
        table = read_table(name)
        printed = [row for row in table.rows if row.printed]
        ways = sum(row.way.recipe is not None for row in printed)
        rows.append((f"`{name}`", table.words, ", ".join(table.tests), f"{ways} of {len(printed)}"))
    return _table(("table", "what it is of", "test sets", "rows with a recipe"), rows)


def _paper_rows() -> str:
    """Every row that a recipe is named for, once: the recipe, and the rows of the tables."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for name in tables():
        for row in read_table(name).rows:
            if row.way.recipe is not None:
                key = (row.way.recipe, row.way.vector, row.way.remark)
                found.setdefault(key, {}).setdefault(f"{row.name} ({name.partition('-')[0]})")
    lines = [
        (f"`{recipe}`", vector, "; ".join(names) + (f". {remark[0].upper()}{remark[1:]}" if remark else ""))
        for (recipe, vector, remark), names in sorted(found.items())
    ]
    return _table(("recipe", "what is compared", "rows"), lines)


def _recipe_tables() -> str:
    words = _field_words(recipes.Recipe)
    written = {
        "losses": "[[loss]]",
        "teachers": "[[teacher]]",
        "self_training": "[self-training]",
        "name": "name",
        "words": "words",
    }
    needed = {field.name for field in fields(recipes.Recipe) if field.default is MISSING}
    rows = [
        (f"`{written.get(name, f'[{name}]')}`", "yes" if name in needed else "no", text)
        for name, text in words.items()
        if name != "source"
    ]
    return _table(("table", "needed", "what it says"), rows)


def _of_options(cls: type) -> Callable[[], str]:
    """A table of a dataclass of a recipe: each key with its default; the name and options of a component stand elsewhere."""

    def write() -> str:
        rows = []
        words = _field_words(cls)
        for field in fields(cls):
            if field.name in ("options", "augmentation", "files") or (
                field.name == "name" and issubclass(cls, recipes.Component)
            ):
                continue
            rows.append((f"`{field.name}`", _default(field.default), words[field.name]))
        return _table(("key", "default", "what it says"), rows)

    return write


def _of_members(registry: Registry[Any]) -> Callable[[], str]:
    """A table of a registry: each member, and below it its options."""

    def write() -> str:
        rows: list[tuple[str, ...]] = []
        for name in registry:
            rows.append((f"`{name}`", "", "", _member(registry[name])))
            rows += [("", f"`{option}`", default, words) for option, default, words in _options(registry[name])]
        return _table(("name", "option", "default", "what it is"), rows)

    return write


def _hashers() -> str:
    """A table of the hash functions: each, and below it its options."""
    rows: list[tuple[str, ...]] = []
    for name in HASHERS:
        learner: Any = HASHERS[name]
        words = _field_words(learner)
        rows.append((f"`{name}`", "", "", "yes" if learner.supervised else "no", _sentences(learner)))
        rows += [("", f"`{field.name}`", _default(field.default), "", words[field.name]) for field in fields(learner)]
    return _table(("name", "option", "default", "labels", "what it is"), rows)


def _member(made: Any) -> str:
    """What a member is: the first words of its docstring, or of its module's where they refer to its protocol."""
    words = _sentences(made)
    if words.startswith("See `"):
        words = _sentences(inspect.getmodule(made)).partition(": ")[2]
    return re.sub(r"; (see|arguments as) `\w+`", "", words[0].upper() + words[1:])


def _options(made: Any) -> Iterator[tuple[str, str, str]]:
    """Name, default and words of what a recipe can say of a member."""
    called = made.__init__ if inspect.isclass(made) else made
    words = OPTIONS | _arguments(sgd) | _arguments(called)
    hints = typing.get_type_hints(called)
    for name, parameter in inspect.signature(made).parameters.items():
        if name not in GIVEN:
            choices = [f"`{choice}`" for choice in typing.get_args(hints[name]) if isinstance(choice, str)]
            told = all(choice in words[name] for choice in choices)
            more = "" if told else f" One of {', '.join(choices)}."
            yield name, _default(parameter.default), f"{words[name].replace('None', 'not given')}{more}"


def _arguments(called: Any) -> dict[str, str]:
    """What the `Args:` of a docstring say of each."""
    section = re.search(r"^Args:\n((?: .*\n?|\n)+)", inspect.getdoc(called) or "", re.MULTILINE)
    if not section:
        return {}
    lines = re.sub(r"\n {5,}", " ", textwrap.dedent(section[1]).strip())
    found = re.findall(r"^(\w+): (.+)$", re.sub(r"\n +", " ", lines), re.MULTILINE)
    return {name: text[0].upper() + text[1:] for name, text in found}


def _default(value: Any) -> str:
    """A default as TOML writes it."""
    if value in (MISSING, inspect.Parameter.empty):
        return "needed"
    if value is None:
        return "not given"
    if dataclasses.is_dataclass(value):
        return "see below"
    return f"`{json.dumps(value)}`"


def _sentences(member: object) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(member) or "").split("\n\n")[0].split())


def _as_code(form: str) -> Iterable[str]:
    """Words of a form; those that are names as code."""
    for word in form.split():
        bare = word.rstrip(",")
        names = bare not in ("or", "with", "and")
        yield f"`{bare}`{word[len(bare) :]}" if names else word


def _type(arrow: str) -> str:
    return re.sub(r"<(item|element): (\w+)>", r"<\2>", arrow)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


TABLES: dict[str, Callable[[], str]] = {
    "backbones": _of_members(BACKBONES),
    "chips": _chips,
    "conversions": _of_fields(Conversions),
    "datasets": _datasets,
    "distortions": _distortions,
    "errors": _errors,
    "formats": _formats,
    "frontends": _of_members(FRONTENDS),
    "hashers": _hashers,
    "hashing": _of_fields(Hashing),
    "multi-coding": _of_fields(MultiCoding),
    "multi-code": _of_options(MultiCodeSettings),
    "heads": _of_members(HEADS),
    "index-report": _of_fields(Summary),
    "losses": _of_members(LOSSES),
    "manifest": _of_fields(Manifest),
    "measures": _measures,
    "models": _models,
    "optimizers": _of_members(OPTIMIZERS),
    "paper-rows": _paper_rows,
    "paper-tables": _paper_tables,
    "part": _of_fields(Part),
    "passport": _of_fields(Passport),
    "protocols": _protocols,
    "recipe": _recipe_tables,
    "recipe-augmentation": _of_options(Augmentation),
    "recipe-backbone": _of_options(recipes.Backbone),
    "recipe-data": _of_options(recipes.Data),
    "recipe-files": _of_options(Files),
    "recipe-export": _of_options(recipes.Export),
    "recipe-loss": _of_options(recipes.Loss),
    "recipe-schedule": _of_options(recipes.Schedule),
    "recipe-self-training": _of_options(recipes.SelfTraining),
    "recipe-teacher": _of_options(recipes.Teacher),
    "recipes": _recipes,
    "reduction": _of_fields(Reduction),
    "relevance": _relevance,
    "samplers": _of_members(SAMPLERS),
    "scenes": _scenes,
    "schedules": _of_members(SCHEDULES),
    "sensors": _sensors,
    "sources": _sources,
    "spaces": _spaces,
    "stores": _stores,
}
"""Every table by name."""


if __name__ == "__main__":
    for page in pages():
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
