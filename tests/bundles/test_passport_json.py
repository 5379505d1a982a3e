"""Passports as JSON: what is written is read, and nothing else is."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.bundles.conversions import Conversions, Part
from terrakin.bundles.passport import FORMAT, Passport, Reduction
from terrakin.bundles.passport_json import from_json, read, to_json, write
from terrakin.errors import BundleError
from terrakin.spaces.space import Space

LINE = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@st.composite
def passports(draw: st.DrawFn) -> Passport:
    said = draw(st.sampled_from([None, Conversions("jsst", (Part("affine", 6), Part("linear", 4)), ("linear", "affine"))]))
    bands = draw(st.lists(LINE, min_size=1, max_size=5, unique=True))
    per_band = st.lists(FINITE, min_size=len(bands), max_size=len(bands)).map(tuple)
    size_in, size = sorted((draw(st.integers(8, 4096)), draw(st.integers(1, 4096))), reverse=True)
    reducer = draw(
        st.none() | st.builds(Reduction, st.sampled_from(["pca", "pca-whitened"]), st.just(size_in), st.just(size), LINE, HEX)
    )
    return Passport(
        name=draw(st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9})?", fullmatch=True)),
        version=draw(LINE),
        bands=tuple(bands),
        input_size=draw(st.integers(1, 8192)),
        mean=draw(per_band),
        std=draw(per_band.map(lambda values: tuple(abs(value) or 1.0 for value in values))),
        outputs=("embedding", *draw(st.lists(st.sampled_from(["features", "logits"]), unique=True))),
        space=Space("cosine", size)
        if reducer
        else draw(st.builds(Space, st.sampled_from(["cosine", "l2"]), st.integers(8, 4096))),
        reducer=reducer,
        training_data=draw(LINE),
        licence=draw(LINE),
        digest=draw(HEX),
        self_test=draw(st.lists(FINITE, min_size=8, max_size=8).map(tuple)),
        frontend=said,
        scaling=draw(st.none() | st.sampled_from(["0:65535", "sensor"])),
        upsampling=draw(st.sampled_from(["bicubic", "nearest"])),
    )


@given(passports())
def test_what_is_written_is_read(passport):
    assert read(write(passport)) == passport
    assert from_json(to_json(passport)) == passport


def test_what_is_as_usual_is_not_written(passport):
    assert not {"scaling", "upsampling"} & set(to_json(passport))
    assert to_json(replace(passport, scaling="0:65535"))["scaling"] == "0:65535"
    assert to_json(replace(passport, upsampling="nearest"))["upsampling"] == "nearest"


def test_the_format_number_comes_first(passport):
    assert write(passport).startswith(f'{{\n  "format": {FORMAT},')


@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_a_passport_or_refused(text):
    with pytest.raises(BundleError):
        read(text)


@given(passports(), st.data())
def test_any_change_of_a_passport_is_a_passport_or_refused(passport, data):
    fields = to_json(passport)
    where = data.draw(st.sampled_from([fields] + [value for value in fields.values() if isinstance(value, dict)]))
    where[data.draw(st.sampled_from(sorted(where)) | st.text())] = data.draw(JSON)
    try:
        changed = read(json.dumps(fields))
    except BundleError:
        return
    assert read(write(changed)) == changed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "passport.json is not a passport: Expecting value"),
        ("[" * 100_000, "passport.json is not a passport: it is nested too deeply"),
        ('{"format": 1, "format": 1}', "key 'format' is given twice"),
        ("[]", "passport.json must be an object, got a list"),
        ("null", "passport.json must be an object, got null"),
        ("{}", "passport.json lacks name, version, bands"),
        ('{"format": 9' + "9" * 5000 + "}", "passport.json is not a passport"),
    ],
)
def test_a_text_that_is_no_passport_is_refused(text, words):
    with pytest.raises(BundleError, match=words):
        read(text)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("licence", 3, "x.json: licence must be a text, got a number"),
        ("input_size", 16.0, "x.json: input_size must be an integer, got a number"),
        ("input_size", True, "x.json: input_size must be an integer, got true or false"),
        ("bands", "red", "x.json: bands must be a list, got a text"),
        ("bands", ["red", 1, "blue"], r"x.json: bands\[1\] must be a text, got a number"),
        ("mean", [0.5, None, 0.5], r"x.json: mean\[1\] must be a number, got null"),
        ("mean", [0.5, 10**400, 0.5], r"x.json: mean\[1\] must be a finite number"),
        ("std", [1, 1, 0], "x.json: std is above 0"),
        ("space", "cosine", "x.json: space must be an object, got a text"),
        ("space", {"kind": "cosine", "size": 12, "code": 1}, "x.json: space has an unknown key 'code'; did you mean 'codes'?"),
        ("space", {"kind": "cosine"}, "x.json: space lacks size, codes"),
        ("space", {"kind": "chord", "size": 12, "codes": 1}, "x.json: space: a space is one of cosine"),
        ("reducer", [], "x.json: reducer must be an object, got a list"),
        ("frontend", "jsst", "x.json: frontend must be an object, got a text"),
        ("frontend", {"name": "jsst", "parts": []}, "x.json: frontend lacks order"),
        ("frontend", {"name": "jsst", "parts": [], "order": []}, "x.json: frontend: a front-end has one conversion or more"),
        (
            "frontend",
            {"name": "jsst", "parts": [6], "order": []},
            r"x.json: frontend: parts\[0\] must be an object, got a number",
        ),
    ],
)
def test_a_wrong_value_is_named(passport, key, value, words):
    with pytest.raises(BundleError, match=words):
        read(json.dumps(to_json(passport) | {key: value}), where="x.json")


def test_an_unknown_key_names_the_nearest_known_one(passport):
    with pytest.raises(BundleError, match=r"has an unknown key 'license'; did you mean 'licence'\? Known: name, version"):
        from_json(to_json(passport) | {"license": "MIT"})


def test_a_missing_key_is_named(passport):
    fields = to_json(passport)
    del fields["licence"]
    with pytest.raises(BundleError, match="passport lacks licence; every key of a passport must be there"):
        from_json(fields)


def test_a_newer_format_is_refused_with_both_numbers_before_anything_else(passport):
    newer = to_json(passport) | {"format": FORMAT + 6, "colour": "a key of the future"}
    with pytest.raises(BundleError, match=rf"has format {FORMAT + 6} and this terrakin reads up to {FORMAT}; update terrakin"):
        from_json(newer)


def test_numbers_may_be_written_as_integers(passport):
    assert from_json(to_json(passport) | {"mean": [0, 1, 0]}) == replace(passport, mean=(0.0, 1.0, 0.0))


def test_a_front_end_that_is_not_there_is_not_written(passport):
    fields = to_json(passport)
    assert "frontend" not in fields
    assert from_json(fields) == from_json(fields | {"frontend": None}) == passport
