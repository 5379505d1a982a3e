"""The passport: what makes one, and when two agree."""

from dataclasses import replace

import pytest

from terrakin.bundles.passport import Reduction, must_match
from terrakin.errors import PassportMismatchError
from terrakin.spaces.space import Space

REDUCTION = Reduction("pca", 12, 4, "archive", "a" * 64)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Tiny Net"}, "a name is lower case letters, digits and hyphens, got 'Tiny Net'"),
        ({"version": ""}, "version is one line of text, got ''"),
        ({"licence": "MIT\x1b[31m"}, "licence is one line of text"),
        ({"training_data": "two\nlines"}, "training_data is one line of text"),
        ({"bands": ()}, "bands names at least one"),
        ({"bands": ("red", "red", "blue")}, "bands are named once each, got red, red, blue"),
        ({"outputs": ("features",)}, "outputs hold embedding, got features"),
        ({"input_size": 0}, "input_size is 1 to 8192 pixels, got 0"),
        ({"mean": (0.5,)}, "mean holds one finite number a band, got 1 for 3 bands"),
        ({"std": (1.0, float("inf"), 1.0)}, "std holds one finite number a band"),
        ({"std": (1.0, 0.0, 1.0)}, "std is above 0, got 0.0"),
        ({"reducer": REDUCTION}, "a reducer to 4 dimensions gives a cosine space of that size, got cosine of 12"),
        ({"digest": "abc"}, "a digest is 64 hex digits, got 'abc'"),
        ({"self_test": (0.0,)}, "self_test holds 8 finite numbers, got 1"),
        ({"self_test": (float("nan"),) * 8}, "self_test holds 8 finite numbers"),
        ({"scaling": "bright"}, "'bright' is no scaling rule"),
        ({"upsampling": "cubic"}, "upsampling is bicubic or nearest, got 'cubic'"),
        ({"format": 0}, "a format number is at least 1, got 0"),
    ],
)
def test_a_wrong_field_is_refused(passport, fields, words):
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        replace(passport, **fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "ica"}, "a reducer is pca or pca-whitened, got 'ica'"),
        ({"size": 13}, "a reducer keeps 1 to 12 dimensions, got 13"),
        ({"fitted_on": " "}, "fitted_on is one line of text"),
        ({"digest": "A" * 64}, "a digest is 64 hex digits"),
    ],
)
def test_a_wrong_reduction_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        replace(REDUCTION, **fields)


def test_the_graphs_embedding_is_as_wide_as_the_space_or_as_the_reducer_reads(passport):
    assert passport.embedding_size == 12
    assert replace(passport, space=Space("cosine", 4), reducer=REDUCTION).embedding_size == 12
    assert replace(passport, space=Space("codeset", 32, codes=8)).embedding_size == 256


def test_passports_agree_whatever_their_words_say(passport):
    must_match(replace(passport, licence="MIT", training_data="something else"), passport)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"name": "other-net"},
            r"other model \(other-net 1\.0, sha256 000000000000, wanted tiny-net 1\.0, sha256 000000000000\)",
        ),
        ({"version": "2.0"}, r"other model \(tiny-net 2\.0, .* wanted tiny-net 1\.0,"),
        ({"digest": "b" * 64}, r"other model \(tiny-net 1\.0, sha256 bbbbbbbbbbbb, wanted"),
        ({"bands": ("nir", "red", "green")}, r"other bands \(nir, red, green, wanted red, green, blue\)"),
        ({"input_size": 32}, r"other input \(32 px, .* wanted 16 px, mean 0\.5 0\.4 0\.3, std 0\.2 0\.25 0\.5\)"),
        ({"std": (1.0, 1.0, 1.0)}, r"other input \(.* std 1\.0 1\.0 1\.0, wanted"),
        (
            {"reducer": REDUCTION, "space": Space("cosine", 4)},
            r"other reducer \(pca to 4 fitted on archive, sha256 aaaaaaaaaaaa, wanted none\); "
            r"other space \(cosine of 4, wanted cosine of 12\)",
        ),
        ({"scaling": "0:65535"}, r"other input \(16 px, .* std 0\.2 0\.25 0\.5, scaling 0:65535, wanted"),
        ({"upsampling": "nearest"}, r"other input \(16 px, .* std 0\.2 0\.25 0\.5, upsampling nearest, wanted"),
        ({"space": Space("l2", 12)}, r"other space \(l2 of 12, wanted cosine of 12\)"),
    ],
)
def test_passports_that_disagree_name_both_sides(passport, fields, words):
    with pytest.raises(PassportMismatchError, match=rf"^the bundle does not match the archive: {words}"):
        must_match(replace(passport, **fields), passport)


def test_the_message_names_who_disagrees(passport):
    with pytest.raises(PassportMismatchError, match=r"^table x does not match archive y: .*use archive y's own model"):
        must_match(replace(passport, version="2"), passport, have_is="table x", want_is="archive y")
