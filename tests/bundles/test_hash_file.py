"""A bundle's hash function: kept, checked, and absent from bundles that have none."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.bundles import passport_json
from terrakin.bundles.arrays import digest_of
from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.bundles.hash_file import hashing_of, read_hasher, write_hasher
from terrakin.bundles.passport import must_match
from terrakin.bundles.reducer import fit
from terrakin.errors import BundleError
from terrakin.hashing.known import fit_hasher
from terrakin.spaces.space import Space

VECTORS = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
HASHERS = {
    "lsh": fit_hasher("lsh", VECTORS, bits=16, seed=4),
    "kulsh": fit_hasher("kulsh", VECTORS, bits=16, seed=4),
}
HASHER = HASHERS["lsh"]


@pytest.mark.parametrize("name", ["saved", "saved.zip"])
@pytest.mark.parametrize("kind", sorted(HASHERS))
def test_a_saved_bundle_has_the_same_hash_function(tiny, images, tmp_path, name, kind):
    bundle = tiny().with_hasher(HASHERS[kind], fitted_on="forty vectors")
    bundle.save(tmp_path / name)
    again, vectors = open_bundle(tmp_path / name), bundle.embed(images)
    assert again.passport == bundle.passport
    said = again.passport.hasher
    assert (said.kind, said.bits, said.size_in, said.seed, said.fitted_on) == (kind, 16, 12, 4, "forty vectors")
    np.testing.assert_array_equal(again.embed(images), tiny().embed(images))
    np.testing.assert_array_equal(again.codes(vectors), HASHERS[kind].codes(vectors))
    assert again.codes(vectors).shape == (7, 2)


def test_embeddings_of_bundles_with_other_hash_functions_compare(tiny):
    must_match(tiny().with_hasher(HASHER).passport, tiny().with_hasher(HASHERS["kulsh"]).passport)
    must_match(tiny().passport, tiny().with_hasher(HASHER).passport)


def test_a_bundle_without_one_says_so_and_is_written_as_before(tiny, tmp_path):
    bundle = tiny()
    with pytest.raises(BundleError, match="tiny-net has no hash function; fit one and give it with with_hasher"):
        bundle.codes(VECTORS)
    bundle.save(tmp_path / "b")
    assert "hasher" not in json.loads((tmp_path / "b" / "passport.json").read_text())
    assert not (tmp_path / "b" / "hasher.npz").exists()
    assert open_bundle(tmp_path / "b").hasher is None
    null = json.loads((tmp_path / "b" / "passport.json").read_text()) | {"hasher": None}
    assert passport_json.from_json(null) == bundle.passport


def test_a_reducer_takes_it_away(tiny, images):
    bundle = tiny().with_hasher(HASHER)
    reduced = bundle.with_reducer(fit([bundle.raw(images)], size=3))
    assert (reduced.hasher, reduced.passport.hasher) == (None, None)
    small = fit_hasher("lsh", reduced.embed(images), bits=8)
    assert reduced.with_hasher(small).codes(reduced.embed(images)).shape == (7, 1)
    with pytest.raises(BundleError, match="the hash function reads 12 dimensions and tiny-net gives 3"):
        reduced.with_hasher(HASHER)


def test_codes_are_not_hashed_again(tiny):
    with pytest.raises(BundleError, match="embeddings of tiny-net are codes already"):
        tiny(space=Space("hamming", 16)).with_hasher(HASHER)


@pytest.mark.parametrize("removed", ["file", "key"])
def test_file_and_passport_go_together(tiny, tmp_path, removed):
    tiny().with_hasher(HASHER).save(tmp_path / "b")
    if removed == "file":
        (tmp_path / "b" / "hasher.npz").unlink()
    else:
        passport = json.loads((tmp_path / "b" / "passport.json").read_text())
        (tmp_path / "b" / "passport.json").write_text(json.dumps(passport | {"hasher": None}))
    with pytest.raises(BundleError, match=r"has a hash function in its passport or a hasher\.npz, but not both"):
        open_bundle(tmp_path / "b")


def test_another_hash_function_is_refused(tiny, tmp_path):
    bundle = tiny().with_hasher(HASHER)
    bundle.save(tmp_path / "b")
    (tmp_path / "b" / "hasher.npz").write_bytes(write_hasher(HASHERS["kulsh"]))
    with pytest.raises(BundleError, match="is not the hash function that the passport names: sha256 differs"):
        open_bundle(tmp_path / "b")
    for other in (None, HASHERS["kulsh"]):
        with pytest.raises(BundleError, match="the hash function is not the one that the passport of tiny-net names"):
            Bundle(bundle.passport, model=bundle.model, card="", hasher=other)
    with pytest.raises(BundleError, match="the hash function is not the one that the passport of tiny-net names"):
        Bundle(tiny().passport, model=bundle.model, card="", hasher=HASHER)
    for change in ({"bits": 24}, {"seed": 5}, {"kind": "sign"}):
        wrong = replace(bundle.passport, hasher=replace(bundle.passport.hasher, **change))
        with pytest.raises(BundleError, match="the hash function is not the one"):
            Bundle(wrong, model=bundle.model, card="", hasher=HASHER)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "KSH!"}, "a hash function's name is lower case, got 'KSH!'"),
        ({"bits": 12}, "codes have a multiple of 8 bits, at least 8, got 12"),
        ({"size_in": 0}, "a hash function reads at least 1 dimension, got 0"),
        ({"size_in": 9}, "the hash function reads vectors of 9 dimensions, and the space is cosine of 12"),
        ({"seed": -1}, "a seed is at least 0, got -1"),
        ({"fitted_on": "a\nb"}, "fitted_on is one line of text"),
        ({"digest": "abc"}, "a digest is 64 hex digits"),
        ({"bits": "16"}, "hasher: bits must be an integer, got a text"),
        ({"more": 1}, "hasher has an unknown key 'more'"),
    ],
)
def test_a_wrong_line_of_the_passport_is_refused(tiny, change, words):
    said = passport_json.to_json(tiny().with_hasher(HASHER).passport)
    with pytest.raises(BundleError, match=words):
        passport_json.from_json(said | {"hasher": said["hasher"] | change})


def saved(compress=False, **arrays):
    file = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(file, **arrays)
    return file.getvalue()


ARRAYS = dict(HASHER.arrays())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"hasher\.npz is not a readable zip"),
        (saved(**ARRAYS), "sha256 differs"),
        (saved(compress=True, **ARRAYS | {"mean": np.zeros(10_000, np.float32)}), "holds more than it may"),
        (saved(**{f"a{number}": np.zeros(1) for number in range(300)}), "holds more than it may: 300 arrays"),
        (saved(**{"../up": np.zeros(1)}), r"holds '\.\./up\.npy'; expected arrays"),
        (saved(mean=np.array([print], object)), r"mean\.npy in hasher\.npz is broken: its header says object"),
        (saved(mean=np.array([np.inf])), "holds NaN or infinity"),
    ],
)
def test_a_file_that_is_not_the_passports_is_refused(content, words):
    with pytest.raises(BundleError, match=words):
        read_hasher(content, replace(hashing_of(HASHER, "archive"), digest="0" * 64))


def test_a_form_that_is_not_known_is_told():
    arrays = ARRAYS | {"form": np.array("cubic")}
    with pytest.raises(BundleError, match="hash function that this terrakin does not know"):
        read_hasher(saved(**arrays), replace(hashing_of(HASHER, "archive"), digest=digest_of(arrays)))


@given(st.data())
def test_a_damaged_file_is_refused(data):
    name = data.draw(st.sampled_from(sorted(ARRAYS)))
    array = io.BytesIO()
    np.lib.format.write_array(array, ARRAYS[name])
    damaged = bytearray(array.getvalue())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for other in ARRAYS:
            content = io.BytesIO()
            np.lib.format.write_array(content, ARRAYS[other])
            archive.writestr(f"{other}.npy", bytes(damaged) if other == name else content.getvalue())
    try:
        read_hasher(file.getvalue(), hashing_of(HASHER, "archive"))
    except BundleError:
        return
    # A changed blank in a header changes nothing.
    assert bytes(damaged[128:]) == array.getvalue()[128:]


def test_digests_tell_names_types_and_shapes_apart():
    one = {"a": np.zeros((2, 3))}
    others = [{"b": np.zeros((2, 3))}, {"a": np.zeros((3, 2))}, {"a": np.zeros((2, 3), np.float32)}, {"a": np.ones((2, 3))}]
    assert len({digest_of(arrays) for arrays in [one, *others]}) == 5
    assert digest_of({"a": np.arange(3, dtype=">i4")}) == digest_of({"a": np.arange(3, dtype="<i4")})
