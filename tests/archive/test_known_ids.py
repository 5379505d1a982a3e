"""The set of ids that may be there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.archive import known_ids
from terrakin.archive.known_ids import KnownIds

names = st.lists(st.text(max_size=3), max_size=20)


@given(batches=st.lists(names, max_size=6), asked=names)
def test_it_knows_what_was_added_and_nothing_else(batches: list[list[str]], asked: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_ids, "_RECENT", 8)
        known = KnownIds()
        for batch in batches:
            known.add(batch)
    added = {name for batch in batches for name in batch}
    # Hashes of 64 bits do not collide among a handful of names.
    assert known.perhaps(asked) == [name for name in asked if name in added]
