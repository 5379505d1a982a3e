"""The error tree."""

import re

import pytest

from terrakin import errors
from terrakin.errors import ArchiveNotFoundError, BandNotFoundError, MissingExtraError, TerrakinError


def _classes() -> dict[str, type]:
    return {name: value for name, value in vars(errors).items() if isinstance(value, type)}


def test_every_error_is_of_the_tree_and_exported() -> None:
    assert sorted(_classes()) == errors.__all__
    assert all(issubclass(error, TerrakinError) for error in _classes().values())


def test_the_drawing_shows_every_error_under_its_parent() -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if re.search(r"\w+Error", line)]
    drawn = {}
    parents: list[tuple[int, str]] = []
    for line in lines:
        name = re.search(r"(\w+Error)", line)
        if name is None or "`" in line:
            continue
        depth = name.start()
        parents = [parent for parent in parents if parent[0] < depth]
        drawn[name[1]] = parents[-1][1] if parents else None
        parents.append((depth, name[1]))
    assert drawn == {name: error.__mro__[1].__name__ if name != "TerrakinError" else None for name, error in _classes().items()}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BandNotFoundError("S2A", "B8", ("B04", "B08")), "scene 'S2A' has no band 'B8'; it has B04, B08. Choose from these"),
        (ArchiveNotFoundError("coast"), "no archive at 'coast'; make one with: terrakin index SOURCE --archive coast"),
        (MissingExtraError("geopandas", "geo"), "geopandas is not installed; run: pip install 'terrakin[geo]'"),
    ],
)
def test_messages_say_what_where_and_what_to_do(error: TerrakinError, words: str) -> None:
    assert words in str(error)


def test_a_lookup_error_does_not_quote_its_message() -> None:
    assert str(BandNotFoundError("s", "x", ("a",))).startswith("scene 's'")
