"""Nothing that people can name is missing from the pages."""

import dataclasses
import re
from typing import Any

import pytest
from typer.main import get_command

import terrakin
from terrakin import errors
from terrakin.api.archive import Archive
from terrakin.api.explained import Explained
from terrakin.api.export import FORMATS
from terrakin.api.hits import Hits
from terrakin.api.listing import LISTINGS
from terrakin.archive.manifest import Manifest
from terrakin.archive.options import IndexOptions
from terrakin.archive.report import Summary
from terrakin.archive.schema import SCENES, chips_schema
from terrakin.archive.store import STORES
from terrakin.bundles.bundle import BUNDLES
from terrakin.bundles.conversions import Conversions, Part
from terrakin.bundles.members import CARD, HASHER, MODEL, MULTICODE, PASSPORT, REDUCER
from terrakin.bundles.passport import Hashing, MultiCoding, Passport, Reduction
from terrakin.chips.grid import Chipping
from terrakin.chips.scaling import ScalingRule
from terrakin.cli.app import app
from terrakin.datasets.dataset import DATASETS
from terrakin.errors import RecipeError
from terrakin.evaluation.distortions.known import DISTORTIONS
from terrakin.evaluation.measures.known import MEASURES
from terrakin.evaluation.protocols.known import PROTOCOLS
from terrakin.evaluation.relevance import RULES
from terrakin.evaluation.report import Report
from terrakin.evaluation.robustness.report import Bearing, Robustness
from terrakin.evaluation.robustness.report import Step as DistortedStep
from terrakin.hashing.kernels import KERNELS
from terrakin.hashing.known import FORMS, HASHERS
from terrakin.hashing.multicode_settings import MultiCodeSettings
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.nn.heads.known import HEADS
from terrakin.nn.losses.known import LOSSES
from terrakin.nn.output import Output
from terrakin.regions.known import REGIONS
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.sensors import SENSORS
from terrakin.scenes.source import SOURCES
from terrakin.search.conversions.known import KNOWN as READABLE
from terrakin.search.conversions.reading import Reading
from terrakin.search.explanation import ExplainedImage, Step
from terrakin.search.ranking import Hit
from terrakin.spaces.kinds import SPACES
from terrakin.spaces.space import Space
from terrakin.training import recipe
from terrakin.training.augment import Augmentation
from terrakin.training.files import Files
from terrakin.training.optimizers import OPTIMIZERS
from terrakin.training.reading import RECIPES, parse, read_text
from terrakin.training.samplers.known import SAMPLERS
from terrakin.training.schedules import SCHEDULES
from terrakin.views.records import CSV_COLUMNS

PARTS = (FRONTENDS, BACKBONES, HEADS, LOSSES, OPTIMIZERS, SAMPLERS, SCHEDULES)
"""What a recipe names."""

REGISTRIES = (
    BUNDLES,
    DATASETS,
    DISTORTIONS,
    MEASURES,
    PROTOCOLS,
    SOURCES,
    STORES,
    SPACES,
    HASHERS,
    FORMS,
    KERNELS,
    REGIONS,
    *PARTS,
)

SELF_EXPLAINING = {"--help", "-h", "-k"}
"""Options that the pages use and need not explain."""


def names(*values: type) -> list[str]:
    return [field.name for value in values for field in dataclasses.fields(value)]


def test_every_verb_is_explained_with_an_example(verb, written) -> None:
    assert re.search(rf"^\$ terrakin {verb} |^terrakin {verb} |`terrakin {verb} ", written, re.MULTILINE)


def test_every_option_is_explained_by_hand(verb, verbs, written) -> None:
    options = {name for option in verbs[verb].params for name in option.opts if name.startswith("--")}
    for option in options - SELF_EXPLAINING:
        assert re.search(rf"{option}\b", written), f"no page but the generated one tells of {option} of {verb}"


def test_options_of_the_program_itself_are_explained(root) -> None:
    reference = (root / "docs/cli.md").read_text(encoding="utf-8")
    for option in get_command(app).params:
        assert option.opts[0] in reference


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_every_member_of_a_registry_is_named(registry, written) -> None:
    for name in registry:
        assert re.search(rf"`{re.escape(name)}`|\b{re.escape(name)}\b", written), f"no page names {name} of {registry.kind}"


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_every_entry_point_group_is_named(registry, root) -> None:
    assert f"`terrakin.{registry.kind}`" in (root / "docs/extending.md").read_text(encoding="utf-8")


def test_every_public_name_is_explained(root) -> None:
    page = (root / "docs/python.md").read_text(encoding="utf-8")
    for name in terrakin.__all__:
        assert f"`terrakin.{name}`" in page


@pytest.mark.parametrize("value", [Archive, Explained, Hits], ids=lambda value: value.__name__)
def test_every_public_method_is_explained(value, root) -> None:
    page = (root / "docs/python.md").read_text(encoding="utf-8")
    for name in vars(value):
        if not name.startswith("_"):
            assert f".{name}" in page, f"docs/python.md says nothing of {value.__name__}.{name}"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("errors.md", errors.__all__),
        ("formats.md", names(Manifest, IndexOptions, Chipping, ScalingRule, SourceOptions)),
        ("formats.md", names(Passport, Reduction, Conversions, Part, Hashing, MultiCoding, Space)),
        ("formats.md", chips_schema(Space("cosine", 4)).names),
        ("formats.md", SCENES.names),
        ("formats.md", [PASSPORT, MODEL, REDUCER, HASHER, MULTICODE, CARD]),
        ("multi-code.md", names(MultiCodeSettings)),
        ("indexing.md", names(Summary)),
        ("indexing.md", list(SENSORS)),
        ("formats.md", ["embedding", "features", *Output._fields[1:3], "after_NAME", *READABLE]),
        ("explaining.md", names(ExplainedImage, Step, Reading)),
        ("python.md", names(Hit)),
        ("python.md", names(Report)),
        ("python.md", names(Robustness, Bearing, DistortedStep)),
        ("searching.md", sorted(set(CSV_COLUMNS) - {"west", "south", "east", "north"})),
        ("evaluating.md", list(RULES)),
        ("exporting.md", list(FORMATS)),
        ("recipes.md", names(recipe.Data, Files, Augmentation, recipe.Teacher, recipe.SelfTraining, recipe.Export)),
        ("recipes.md", sorted(set(names(recipe.Backbone, recipe.Loss, recipe.Schedule)) - {"options"})),
        ("recipes.md", [name for registry in PARTS for name in registry]),
        ("training.md", [file.stem for file in RECIPES.glob("*.toml")]),
    ],
)
def test_every_key_is_explained(page, words, root) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    for word in words:
        assert re.search(rf"`[^`\n]*{re.escape(word)}[^`\n]*`", text), f"docs/{page} says nothing of {word}"


@pytest.mark.parametrize("page", ["recipes.md", "training.md"])
def test_recipes_on_a_page_are_understood(page, root) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", (root / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        assert read_text(block, where=page).words


def test_every_option_of_a_part_of_training_is_explained(root) -> None:
    page = (root / "docs/recipes.md").read_text(encoding="utf-8")
    for registry in PARTS:
        for name in registry:
            with pytest.raises(RecipeError) as refused:
                parse(_with(registry.kind, {"name": name, "nonsense": 1}), where="a recipe")
            options = str(refused.value).partition("there are ")[2].split(", ")
            for option in filter(None, options):
                assert f"| `{option}` |" in page, f"docs/recipes.md says nothing of {option} of {name}"


def _with(kind: str, table: dict[str, Any]) -> dict[str, Any]:
    """The tables of a recipe, one of them given."""
    tables = {
        "backbone": {"name": "resnet18"},
        "head": {"name": "gap"},
        "loss": {"name": "triplet"},
        "optimizer": {"name": "sgd"},
        "schedule": {"name": "cosine"},
        "sampler": {"name": "shuffled", "batch": 4},
        "export": {"name": "mine"},
    } | {kind.removesuffix("es") if kind == "losses" else kind.removesuffix("s"): table}
    return {"name": "mine", "words": "Mine.", **tables, "loss": [tables["loss"]]}


def test_every_format_of_hits_is_explained(root) -> None:
    page = (root / "docs/searching.md").read_text(encoding="utf-8")
    reference = (root / "docs/cli.md").read_text(encoding="utf-8").partition("## terrakin search\n")[2]
    choices = re.search(r"--format .([a-z|]{9,})", reference)[1].split("|")
    assert "geoparquet" in choices
    for name in choices:
        assert f"| `{name}` |" in page


def test_every_listing_is_reached(root) -> None:
    page = (root / "docs/extending.md").read_text(encoding="utf-8")
    # Models are bundles by another name, and recipes are files.
    for name in set(LISTINGS) - {"models", "recipes", "tables"}:
        assert f"`terrakin.{name}`" in page


def test_every_word_of_the_glossary_is_used_in_the_singular(root) -> None:
    words = re.findall(r"^\| ([a-zA-Z, ]+) \|", (root / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(words) == len(set(words)) > 20
