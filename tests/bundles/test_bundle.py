"""Bundles: opened by name or path, embedding, reducing, saving."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from terrakin.bundles import passport_json
from terrakin.bundles.bundle import BUNDLES, DEFAULT, Bundle, open_bundle
from terrakin.bundles.reducer import fit
from terrakin.errors import BundleError, UnknownNameError
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space


def test_the_default_is_shipped():
    assert DEFAULT in BUNDLES


def test_an_embedding_is_the_raw_one_packed(tiny, images):
    bundle = tiny()
    raw = bundle.raw(images)
    np.testing.assert_allclose(bundle.embed(images), raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-6)
    assert bundle.features(images).shape == (7, 12, 16, 16)


def test_the_space_decides_what_is_stored(tiny, images):
    bundle = tiny(space=Space("l2", 12))
    np.testing.assert_array_equal(bundle.embed(images), bundle.raw(images))


def test_a_reducer_stands_between_graph_and_space(tiny, images):
    bundle = tiny()
    reducer = fit([bundle.raw(images)], size=3)
    reduced = bundle.with_reducer(reducer)
    np.testing.assert_array_equal(reduced.embed(images), pack(Space("cosine", 3), reducer.apply(bundle.raw(images))))
    np.testing.assert_array_equal(reduced.raw(images), bundle.raw(images))
    assert (reduced.passport.reducer, reduced.passport.space) == (reducer.provenance, Space("cosine", 3))
    assert (bundle.reducer, bundle.passport.reducer) == (None, None)
    assert reduced.with_reducer(fit([bundle.raw(images)], size=2)).embed(images).shape == (7, 2)


def test_a_reducer_of_another_model_is_refused(tiny, images):
    reducer = fit([tiny().raw(images)[:, :5]], size=3)
    with pytest.raises(BundleError, match="the reducer takes 5 dimensions and tiny-net gives 12"):
        tiny().with_reducer(reducer)


def test_a_reducer_needs_cosine(tiny, images):
    reducer = fit([tiny().raw(images)], size=3)
    with pytest.raises(BundleError, match="embeddings of tiny-net compare by l2; a reducer needs cosine"):
        tiny(space=Space("l2", 12)).with_reducer(reducer)


@pytest.mark.parametrize("name", ["saved", "saved.zip"])
@pytest.mark.parametrize("reduced", [False, True])
def test_a_saved_bundle_is_the_same_bundle(tiny, images, tmp_path, name, reduced):
    bundle = tiny()
    if reduced:
        bundle = bundle.with_reducer(fit([bundle.raw(images)], size=3))
    bundle.save(tmp_path / name)
    for again in (open_bundle(tmp_path / name), open_bundle(str(tmp_path / name))):
        assert (again.passport, again.card) == (bundle.passport, bundle.card)
        np.testing.assert_array_equal(again.embed(images), bundle.embed(images))
        again.self_check()


def test_a_path_may_have_one_part(tiny, tmp_path, monkeypatch):
    tiny().save(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert open_bundle("mine").passport.name == "tiny-net"


def test_a_shipped_name_wins_over_a_folder(tiny, tmp_path, monkeypatch):
    tiny().save(tmp_path / DEFAULT)
    monkeypatch.chdir(tmp_path)
    assert open_bundle(DEFAULT).passport.name == DEFAULT
    assert open_bundle(f"{tmp_path}/{DEFAULT}").passport.name == "tiny-net"


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UnknownNameError, match="no bundles named 'imagenet-mobilenet'; did you mean 'imagenet-mobilenetv2'"):
        open_bundle("imagenet-mobilenet")


@pytest.mark.parametrize("path", ["./gone", "models/gone", "gone.zip"])
def test_what_looks_like_a_path_is_told_about_as_one(path):
    with pytest.raises(BundleError, match="there is no bundle at"):
        open_bundle(path)


def change(path, **fields) -> None:
    """Change fields of a saved bundle's passport."""
    file = path / "passport.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_a_model_that_is_not_the_passports_is_refused(tiny, tmp_path):
    tiny().save(tmp_path / "b")
    (tmp_path / "b" / "model.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match="the model file is not the one that the passport of tiny-net names: sha256 differs"):
        open_bundle(tmp_path / "b")


def test_a_reducer_that_the_passport_does_not_name_is_refused(tiny, images, tmp_path):
    bundle = tiny()
    bundle.with_reducer(fit([bundle.raw(images)], size=3)).save(tmp_path / "b")
    change(tmp_path / "b", reducer=None, space={"kind": "cosine", "size": 12, "codes": 1})
    with pytest.raises(BundleError, match=r"has a reducer in its passport or a reducer\.npz, but not both"):
        open_bundle(tmp_path / "b")


def test_a_reducer_that_is_missing_is_refused(tiny, images, tmp_path):
    bundle = tiny()
    bundle.with_reducer(fit([bundle.raw(images)], size=3)).save(tmp_path / "b")
    (tmp_path / "b" / "reducer.npz").unlink()
    with pytest.raises(BundleError, match=r"has a reducer in its passport or a reducer\.npz, but not both"):
        open_bundle(tmp_path / "b")


def test_a_bundle_is_made_of_parts_that_belong_together(tiny, images):
    bundle = tiny()
    reducer = fit([bundle.raw(images)], size=3)
    with pytest.raises(BundleError, match="the reducer is not the one that the passport of tiny-net names"):
        Bundle(bundle.passport, model=bundle.model, card="", reducer=reducer)


def test_a_wrong_passport_names_its_file(tiny, tmp_path):
    tiny().save(tmp_path / "b")
    change(tmp_path / "b", input_size="16")
    with pytest.raises(BundleError, match=r"^passport\.json in '.*/b': input_size must be an integer, got a text"):
        open_bundle(tmp_path / "b")


@pytest.mark.parametrize("name", ["passport.json", "card.md"])
def test_text_that_is_not_utf8_is_refused(tiny, tmp_path, name):
    tiny().save(tmp_path / "b")
    (tmp_path / "b" / name).write_bytes(b"\xff\xfe")
    with pytest.raises(BundleError, match=rf"{name} in '.*/b' is not UTF-8 text"):
        open_bundle(tmp_path / "b")


def test_a_graph_is_not_loaded_before_it_is_used(tiny, images, tmp_path):
    passport = replace(tiny().passport, digest="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    Bundle(passport, model=b"", card="").save(tmp_path / "b.zip")
    bundle = open_bundle(tmp_path / "b.zip")
    with pytest.raises(BundleError, match="cannot load the graph of tiny-net"):
        bundle.embed(images)


def test_an_embedding_without_direction_is_an_error_of_the_bundle(tiny, images):
    with pytest.raises(BundleError, match=r"tiny-net gives an embedding that its space cannot hold: .*NaN"):
        tiny().embed(np.full_like(images, np.nan))


def test_a_bundles_zip_can_be_made_by_hand(tiny, tmp_path):
    bundle = tiny()
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("card.md", bundle.card)
        archive.writestr("passport.json", passport_json.write(bundle.passport))
        archive.writestr("model.onnx", bundle.model)
    assert open_bundle(tmp_path / "b.zip").passport == bundle.passport
