"""What there is to choose from, as rows of a table."""

from collections.abc import Callable

from terrakin.archive.store import STORES
from terrakin.bundles.bundle import BUNDLES, DEFAULT, open_bundle
from terrakin.datasets.table import table
from terrakin.evaluation.distortions.known import DISTORTIONS
from terrakin.evaluation.measures.known import MEASURES
from terrakin.evaluation.protocols.known import PROTOCOLS
from terrakin.hashing.known import HASHERS
from terrakin.papers.reading import read_table, tables
from terrakin.scenes.source import SOURCES
from terrakin.spaces.kinds import SPACES

__all__ = ["LISTINGS", "listing"]

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def listing(what: str) -> Table:
    """Head and rows of one of `LISTINGS`.

    Raises:
        ValueError: if there is no such listing.

    >>> [row[0] for row in listing("stores")[1]]
    ['lance', 'memory']
    """
    if what not in LISTINGS:
        raise ValueError(f"nothing to list by the name of {what!r}; there are {', '.join(LISTINGS)}")
    return LISTINGS[what]()


def _models() -> Table:
    rows: list[tuple[str, ...]] = []
    for name in BUNDLES:
        passport = open_bundle(name).passport
        default = " (default)" if name == DEFAULT else ""
        space = f"{passport.space.kind} {passport.space.size}"
        bands = ",".join(passport.bands)
        rows.append((name + default, passport.version, bands, f"{passport.input_size} px", space, passport.licence))
    return ("name", "version", "bands", "input", "space", "licence"), rows


def _datasets() -> Table:
    rows: list[tuple[str, ...]] = [
        (row.name, f"{row.images:,}" if row.images else "", str(row.classes or ""), row.pixels, row.gsd, row.bands, row.licence)
        for row in table()
    ]
    return ("name", "images", "classes", "pixels", "gsd", "bands", "licence"), rows


def _recipes() -> Table:
    # Not checked: that needs torch, and who lists them may be about to install it.
    from terrakin.training.shipped import RECIPES, shipped_tables

    read = [shipped_tables(path.stem) for path in RECIPES.glob("*.toml")]
    rows: list[tuple[str, ...]] = [
        (
            recipe["name"],
            recipe.get("frontend", {"name": ""})["name"],
            recipe["backbone"]["name"],
            recipe["head"]["name"],
            ",".join(loss["name"] for loss in recipe["loss"]),
            str(recipe["schedule"]["epochs"]),
            recipe["words"],
        )
        # By their names: their files' names end in .toml, and sort otherwise.
        for recipe in sorted(read, key=lambda recipe: str(recipe["name"]))
    ]
    return ("name", "front-end", "backbone", "head", "losses", "epochs", "what it is"), rows


def _measures() -> Table:
    return ("name", "what it is"), [(MEASURES[name].form, MEASURES[name].words) for name in MEASURES]


def _distortions() -> Table:
    rows: list[tuple[str, ...]] = []
    for name in DISTORTIONS:
        one = DISTORTIONS[name]
        rows.append((name, one.words, f"{', '.join(f'{strength:g}' for strength in one.strengths)} {one.unit}"))
    return ("name", "what happens to the image", "strengths"), rows


def _hashers() -> Table:
    rows: list[tuple[str, ...]] = [
        (name, "yes" if HASHERS[name].supervised else "no", _first_line(HASHERS[name])) for name in HASHERS
    ]
    return ("name", "labels", "what it is"), rows


def _protocols() -> Table:
    return ("name", "what it is"), [(name, _first_line(PROTOCOLS[name])) for name in PROTOCOLS]


def _tables() -> Table:
    rows: list[tuple[str, ...]] = []
    for name in tables():
        read = read_table(name)
        recipes = sum(row.way.recipe is not None and bool(row.printed) for row in read.rows)
        printed = sum(bool(row.printed) for row in read.rows)
        rows.append((name, str(printed), str(recipes), ", ".join(read.tests), read.words, read.title))
    return ("name", "rows", "with a recipe", "test sets", "what it is of", "paper"), rows


def _sources() -> Table:
    return ("name", "what it reads"), [(name, SOURCES[name].title) for name in SOURCES]


def _stores() -> Table:
    return ("name", "what it is"), [(name, _first_line(STORES[name])) for name in STORES]


def _spaces() -> Table:
    return ("name", "how vectors compare"), [(name, _first_line(SPACES[name])) for name in SPACES]


def _first_line(member: object) -> str:
    return (member.__doc__ or "").strip().partition("\n")[0].partition(" See `")[0]


LISTINGS: dict[str, Callable[[], Table]] = {
    "models": _models,
    "recipes": _recipes,
    "datasets": _datasets,
    "measures": _measures,
    "protocols": _protocols,
    "distortions": _distortions,
    "hashers": _hashers,
    "sources": _sources,
    "tables": _tables,
    "stores": _stores,
    "spaces": _spaces,
}
"""Every listing by name."""
