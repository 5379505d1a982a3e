"""Names of columns as Lance can hold them.

Lance takes a dot in a name for a path into a structure, and its filters have no way to write a backtick in one. Properties are
named by whoever made the imagery, so both occur.
"""

__all__ = ["outer_name", "stored_name"]

_ESCAPES = (("%", "%25"), (".", "%2E"), ("`", "%60"))
# The percent sign first, so that the way back is unique.


def stored_name(name: str) -> str:
    """A column's name inside the Lance table.

    >>> stored_name("property:eo.cloud")
    'property:eo%2Ecloud'
    """
    for character, escape in _ESCAPES:
        name = name.replace(character, escape)
    return name


def outer_name(stored: str) -> str:
    """The way back.

    >>> outer_name("property:eo%2Ecloud")
    'property:eo.cloud'
    """
    for character, escape in reversed(_ESCAPES):
        stored = stored.replace(escape, character)
    return stored
