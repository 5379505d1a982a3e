"""Recipes that differ: which keys are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.training.differing import differing

ONE = """
name = "a"
[data]
augmentation = {crop = [0.4, 1.0], gain = 0.1}
[[loss]]
name = "x"
[[loss]]
name = "y"
weight = 2.0
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"a"', '"b"', 'name: "a" then, "b" now'),
        ("0.1", "0.2", "data.augmentation.gain: 0.1 then, 0.2 now"),
        ("[0.4, 1.0]", "[0.4, 0.9]", "data.augmentation.crop: [0.4, 1.0] then, [0.4, 0.9] now"),
        ("weight = 2.0", "", "loss.1.weight: 2.0 then, nothing now"),
        ("weight = 2.0", "weight = 2", "loss.1.weight: 2.0 then, 2 now"),
        ("weight = 2.0", "weight = 2.0\n[[loss]]\nname = 'z'", 'loss.2.name: nothing then, "z" now'),
    ],
)
def test_keys_are_named_as_changes_name_them(old: str, new: str, words: str) -> None:
    assert differing(ONE, ONE.replace(old, new), sides=("then", "now")) == words


def test_a_few_of_many_are_named() -> None:
    found = differing(ONE, "", sides=("there", "here"))
    assert found.startswith('name: "a" there, nothing here; data.augmentation.crop: [0.4, 1.0] there, nothing here; ')
    assert found.endswith("; and 3 more")


def test_nothing_differs_from_itself_and_order_does_not_count() -> None:
    assert differing(ONE, ONE, sides=("then", "now")) == ""
    assert differing("a = 1\nb = 2", "b = 2\na = 1", sides=("then", "now")) == ""


@given(text=st.text(max_size=20))
def test_what_is_no_recipe_has_no_keys(text: str) -> None:
    # Results are carried: anything may stand in them.
    assert isinstance(differing(f"{text} = [", "a = 1", sides=("there", "here")), str)
    assert differing("= broken", "a = 1", sides=("there", "here")) == "a: nothing there, 1 here"


def test_keys_of_any_depth() -> None:
    deep = ".".join("a" * 3000) + " = 1"
    assert isinstance(differing(deep, "a = 1", sides=("there", "here")), str)
