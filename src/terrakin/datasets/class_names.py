"""Class names as people, papers and copies of a data set spell them."""

import re
from collections.abc import Iterable

__all__ = ["counterpart", "match_class", "plain"]

_ALIASES = {
    "agriculture": "agricultural",
    "highway": "freeway",
    "riverlake": "dRiverLake",
    "riverslakes": "dRiverLake",
    "seaice": "sea_ice",
    "sparsehousing": "sparseresidential",
}
"""Plain names of the papers, and the folder that they mean."""

_SAME = (
    ("agricultural", "farmland"),
    ("baseballdiamond", "baseballfield"),
    ("parking", "parkinglot"),
    ("storagetank", "storagetanks"),
)
"""Plain names that data sets give to the same thing."""


def match_class(name: str, classes: Iterable[str], *, lettered: bool = False) -> str | None:
    """The class of `classes` that `name` means, or none.

    Case and everything except letters and digits are ignored; a direct match goes before an alias.

    Args:
        name: a class name from a paper, a person or a folder.
        classes: the names of one data set.
        lettered: the classes carry a leading letter that orders them (RSSCN7), and `name` may leave it out.

    >>> match_class("Sea ice", ["sea_ice", "ship"])
    'sea_ice'
    >>> match_class("Highway", ["freeway"]), match_class("Highway", ["freeway", "Highway"])
    ('freeway', 'Highway')
    >>> match_class("rivers-lakes", ["dRiverLake"], lettered=True), match_class("grass", ["aGrass"], lettered=True)
    ('dRiverLake', 'aGrass')
    """
    by_plain_name = {}
    for known in classes:
        if lettered:
            by_plain_name[plain(known[1:])] = known
        by_plain_name[plain(known)] = known
    wanted = plain(name)
    return by_plain_name.get(wanted) or by_plain_name.get(plain(_ALIASES.get(wanted, "")))


def counterpart(name: str, classes: Iterable[str]) -> str | None:
    """The class of another data set that is the same thing as the class `name`, or none.

    >>> counterpart("storage_tank", ["storagetanks", "river"]), counterpart("railway", ["runway"])
    ('storagetanks', None)
    """
    known = tuple(classes)
    others = (other for names in _SAME if plain(name) in names for other in names)
    return next((found for one in (name, *others) if (found := match_class(one, known))), None)


def plain(name: str) -> str:
    """`name` in lower case with only its letters and digits.

    >>> plain("Baseball-diamond 2")
    'baseballdiamond2'
    """
    return re.sub(r"[\W_]", "", name.lower())
