"""Registries and optional imports."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from terrakin.errors import MissingExtraError, TerrakinError, UnknownNameError
from terrakin.registry import Registry, nearest, require


def test_an_entry_is_imported_when_first_asked_for() -> None:
    sys.modules.pop("colorsys", None)
    registry = Registry("things", {"hue": "colorsys:rgb_to_hsv"})
    assert "colorsys" not in sys.modules
    assert registry["hue"](1.0, 0.0, 0.0) == (0.0, 1.0, 1.0)


def test_an_unknown_name_is_told_with_the_nearest_and_all() -> None:
    registry = Registry("spaces", {"cosine": "math:cos", "hamming": "math:hypot"})
    with pytest.raises(UnknownNameError, match=r"no spaces named 'cosin'; did you mean 'cosine'\? There are: cosine, hamming"):
        registry["cosin"]


def test_names_are_sorted_and_counted() -> None:
    registry = Registry("things", {"b": "math:pi", "a": "math:e"})
    assert list(registry) == ["a", "b"]
    assert len(registry) == 2
    assert "a" in registry
    assert "c" not in registry


def test_third_parties_add_names_and_replace_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        def __init__(self, name: str, value: str) -> None:
            self.name, self.value = name, value

    found = {"terrakin.things": [Entry("new", "math:tau"), Entry("old", "math:e")]}
    monkeypatch.setattr("terrakin.registry.entry_points", lambda group: found.get(group, []))
    registry = Registry("things", {"old": "math:pi"})
    assert list(registry) == ["new", "old"]
    assert (registry["old"], registry["new"]) == (pytest.approx(3.14159, abs=1e-5), pytest.approx(6.28318, abs=1e-5))


def test_a_name_far_from_all_gets_no_suggestion() -> None:
    assert nearest("zzz", ["cosine"]) == ""


def test_a_missing_extra_says_how_to_install_it() -> None:
    with pytest.raises(MissingExtraError, match=r"not_there_at_all is not installed; run: pip install 'terrakin\[geo\]'"):
        require("not_there_at_all", extra="geo")


def test_every_extra_that_is_named_exists() -> None:
    root = Path(__file__).parents[1]
    there = set(tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    named = {
        (path.name, extra)
        for path in (root / "src").rglob("*.py")
        for extra in re.findall(r'\bextra="(\w+)"|terrakin\[(\w+)\]', path.read_text())
    }
    assert named
    assert {(name, extra) for name, pair in named for extra in pair if extra and extra not in there} == set()


def test_an_extra_that_is_broken_shows_its_own_error(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_extra.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all") as caught:
        require("broken_extra", extra="geo")
    assert not isinstance(caught.value, TerrakinError)
