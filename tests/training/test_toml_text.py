"""TOML: what is written is read back."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from terrakin.training.toml_text import write_toml

BARE = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
LEAVES = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=12),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(BARE, inner, max_size=3), max_leaves=6
)
TABLE = st.dictionaries(BARE, VALUES, max_size=4)


@given(plain=st.dictionaries(BARE, LEAVES, max_size=3), tables=st.dictionaries(BARE, TABLE | st.lists(TABLE, max_size=3)))
def test_toml_that_is_written_is_read_back(plain: dict[str, Any], tables: dict[str, Any]) -> None:
    whole = {**tables, **plain}
    back = tomllib.loads(write_toml(whole))
    assert back == whole
    # 1 == 1.0 == True: types must come back as well.
    assert repr(sorted(back.items())) == repr(sorted(whole.items()))
