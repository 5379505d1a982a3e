"""Codes of an archive: made, kept, replaced, finished after a kill, searched."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from terrakin import Archive
from terrakin.archive.encoding import fit_hash_function
from terrakin.archive.schema import CODE, VECTOR
from terrakin.bundles.bundle import open_bundle
from terrakin.errors import ArchiveError, HashingError, UnknownNameError
from terrakin.hashing.known import HASHERS, fit_hasher


def columns(archive: Archive) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Ids, vectors and codes, in the order of ids."""
    rows = [row for batch in archive.store.scan(["id", VECTOR, CODE]) for row in batch.to_pylist()]
    rows.sort(key=lambda row: row["id"].encode())
    return (
        [row["id"] for row in rows],
        np.array([row[VECTOR] for row in rows], np.float32),
        np.array([row[CODE] for row in rows], np.uint8),
    )


def whole(archive: Archive) -> None:
    """Every chip has the code that the archive's bundle makes of its vector."""
    archive = Archive.open(archive.path)
    _, vectors, codes = columns(archive)
    assert len(vectors) == len(archive)
    assert codes.tolist() == archive.bundle.codes(vectors).tolist()


@pytest.fixture
def floats(pictures: Path, tiny_bundle: Path, tmp_path: Path) -> Archive:
    """An archive without codes, of three of four folders of pictures."""
    source = tmp_path / "source"
    shutil.copytree(pictures, source)
    shutil.rmtree(source / "water")
    archive = Archive.create(tmp_path / "archive", model=tiny_bundle)
    archive.add(source)
    return archive


@pytest.mark.parametrize("name", [name for name in HASHERS if not HASHERS[name].supervised])
def test_an_archive_is_made_with_codes_and_searched_by_them(name, pictures, tiny_bundle, tmp_path) -> None:
    archive = Archive.create(tmp_path / "archive", model=tiny_bundle, hash=name, bits=16)
    archive.add(pictures)
    whole(archive)
    ids, _, codes = columns(archive)
    assert archive.info()["codes"] == {
        "hash": name,
        "bits": 16,
        "bytes_per_image": 2,
        "vector_bytes_per_image": 192,
        "fitted_on": "archive",
    }
    asked = ids.index("water/water03.png")
    bits = np.unpackbits(codes ^ codes[asked], axis=1).sum(axis=1)
    order = [row for row in sorted(range(len(ids)), key=lambda row: (bits[row], ids[row])) if row != asked]
    hits = Archive.open(archive.path).search(ids[asked], k=7, codes=True)
    assert [(hit.id, hit.distance) for hit in hits] == [(ids[row], bits[row]) for row in order[:7]]
    assert hits.ranking.space.kind == "hamming"
    # A shortlist of everything is the search by vectors.
    exact = archive.search(ids[asked], k=7)
    listed = archive.search(ids[asked], k=7, shortlist=100)
    assert [(hit.id, hit.distance) for hit in listed] == [(hit.id, hit.distance) for hit in exact]
    assert listed.ranking.recall is not None
    assert (listed.ranking.recall.value, listed.ranking.recall.queries, listed.ranking.recall.k) == (1, 48, 7)
    only = archive.search(ids[asked], k=3, codes=True, where="label = 'forest'")
    assert [hit.labels for hit in only] == [("forest",)] * 3


def test_a_file_is_asked_by_the_code_of_its_embedding(floats, pictures) -> None:
    floats.encode("itq", bits=24)
    hits = floats.search(pictures / "harbor" / "harbor02.png", k=1, codes=True)
    assert (hits[0].id, hits[0].distance) == ("harbor/harbor02.png", 0)


def test_codes_of_an_archive_that_exists_need_no_imagery(floats, tmp_path) -> None:
    shutil.rmtree(tmp_path / "source")
    floats.encode("sign", bits=32)
    whole(floats)
    _, vectors, codes = columns(floats)
    found = json.loads((floats.path / "archive.json").read_text())
    assert (found["options"]["hash"], found["options"]["bits"], found["bundle"]) == ("sign", 32, "bundle-hashed-sign-32")
    # The same chips in any order give the same hash function.
    again = fit_hash_function(floats.store, "sign", 32)
    assert again.codes(vectors).tolist() == codes.tolist()


def test_it_is_told_that_a_hash_function_is_being_fitted(floats, pictures) -> None:
    told = []
    floats.encode("lsh", bits=16, progress=lambda *said: told.append(said))
    assert told == [(0, None, "fitting lsh, 16 bits")]
    floats.encode("lsh", bits=16, progress=lambda *said: told.append(said))
    assert len(told) == 1  # nothing to fit
    floats.add(pictures / "water", hash="itq", progress=lambda *said: told.append(said))
    assert told[-1] == (0, None, "fitting itq, 16 bits")
    floats.encode("kslsh", bits=8, progress=lambda *said: told.append(said))
    assert told[-8:] == [(done, 8, "bits of kslsh fitted") for done in range(1, 9)]


def test_chips_that_come_later_get_codes_of_the_same_hash_function(floats, pictures) -> None:
    floats.encode("lsh", bits=16)
    before = floats.bundle.passport.hasher
    floats = Archive.open(floats.path)
    assert floats.add(pictures / "water").chips == 12
    assert floats.bundle.passport.hasher == before
    whole(floats)


def test_codes_are_replaced_and_the_old_bundle_goes(floats) -> None:
    reader = Archive.open(floats.path)
    floats.encode("lsh", bits=16)
    assert len(reader.search("harbor/harbor02.png", k=2, codes=True)) == 2  # it sees what another process has made
    floats.encode("itq")
    whole(floats)
    assert floats.info()["codes"]["bits"] == 16  # as before
    floats.encode(bits=24)
    whole(floats)
    assert (floats.info()["codes"]["hash"], floats.info()["codes"]["bits"]) == ("itq", 24)
    assert sorted(path.name for path in floats.path.glob("bundle*")) == ["bundle", "bundle-hashed-itq-24"]
    assert [hit.id for hit in reader.search("harbor/harbor02.png", k=5, codes=True)] == [
        hit.id for hit in floats.search("harbor/harbor02.png", k=5, codes=True)
    ]


def test_options_of_a_hash_function_stand_behind_its_name(floats) -> None:
    floats.encode("itq", bits=16)
    plain = floats.bundle.codes
    floats.encode("itq:rounds=2", bits=16)
    whole(floats)
    assert floats.bundle.hasher.origin.options["rounds"] == 2
    _, vectors, codes = columns(floats)
    assert codes.tolist() == floats.bundle.codes(vectors).tolist() != plain(vectors).tolist()
    (folder,) = floats.path.glob("bundle-hashed-*")
    made = folder.stat().st_mtime_ns
    floats.encode("itq:rounds=2")
    assert folder.stat().st_mtime_ns == made  # as it was asked for before: nothing to do
    floats.encode("itq:rounds=3")
    whole(floats)
    assert not folder.exists()
    assert floats.bundle.hasher.origin.options["rounds"] == 3
    again = Archive.open(floats.path)
    again.encode(bits=8)  # the options stay
    assert (again.bundle.hasher.origin.options["rounds"], again.bundle.hasher.bits) == (3, 8)
    again.encode("itq")
    assert again.bundle.hasher.origin.options["rounds"] == 50


def test_with_a_reducer_codes_are_of_reduced_vectors(pictures, tiny_bundle, tmp_path) -> None:
    archive = Archive.create(tmp_path / "archive", model=tiny_bundle, reducer="pca:8", hash="sign", bits=8)
    archive.add(pictures)
    whole(archive)
    _, vectors, codes = columns(archive)
    assert np.packbits(vectors > 0, axis=1, bitorder="little").tolist() == codes.tolist()
    archive.add(pictures)
    whole(archive)


def test_the_hash_function_of_a_model_is_used_as_it_is(pictures, tiny_bundle, tmp_path) -> None:
    drawn = np.random.default_rng(0).random((50, 48), np.float32)
    bundle = open_bundle(tiny_bundle).with_hasher(fit_hasher("kulsh", drawn, bits=16), fitted_on="elsewhere")
    bundle.save(tmp_path / "bundle")
    archive = Archive.create(tmp_path / "archive", model=tmp_path / "bundle")
    archive.add(pictures)
    whole(archive)
    assert archive.bundle.passport.hasher == bundle.passport.hasher
    assert archive.info()["codes"]["fitted_on"] == "elsewhere"
    with pytest.raises(ValueError, match="has a hash function already, kulsh of 16 bits; leave --hash out"):
        archive.encode("itq", bits=16)
    with pytest.raises(ValueError, match="leave --reducer out, or name a hash function to fit with --hash"):
        Archive.create(tmp_path / "other", model=tmp_path / "bundle", reducer="pca:8")
    Archive.create(tmp_path / "other", model=tmp_path / "bundle", reducer="pca:8", hash="lsh").add(pictures)
    whole(Archive.open(tmp_path / "other"))


def test_hash_functions_that_learn_take_the_labels_of_the_archive(floats, tmp_path) -> None:
    floats.encode("kslsh", bits=8)
    whole(floats)
    hits = floats.search("harbor/harbor02.png", k=5, codes=True)
    assert {hit.labels for hit in hits} == {("harbor",)}


def test_without_labels_they_are_refused_and_everything_stays(pictures, tiny_bundle, tmp_path) -> None:
    archive = Archive.create(tmp_path / "archive", model=tiny_bundle, labels="none")
    archive.add(pictures)
    with pytest.raises(HashingError, match="kslsh learns from labels, and none of the 48 chips has one; choose itq, kulsh"):
        archive.encode("kslsh", bits=8)
    assert archive.info()["codes"] is None
    assert archive.add(pictures).unchanged == 48
    # Where it was asked for from the start, what was indexed stays, and another one can be chosen.
    archive = Archive.create(tmp_path / "asked", model=tiny_bundle, labels="none", hash="kslsh", bits=8)
    with pytest.raises(HashingError, match=r"kslsh learns from labels, and none of the 48 chips has one.*was indexed stays"):
        archive.add(pictures)
    archive = Archive.open(archive.path)
    assert len(archive) == 48
    archive.encode("lsh")
    whole(archive)


def test_what_cannot_be_done_is_told(floats, tiny_bundle, tmp_path) -> None:
    with pytest.raises(
        ArchiveError, match=r"has no codes; make them of its vectors with `terrakin index --archive .*--hash NAME`"
    ):
        floats.search("harbor/harbor02.png", codes=True)
    with pytest.raises(ArchiveError, match="has no codes"):
        floats.evaluate(codes=True)
    with pytest.raises(UnknownNameError, match="no hashers named 'iqt'; did you mean 'itq'"):
        floats.encode("iqt")
    with pytest.raises(HashingError, match="itq has no option 'round'; did you mean 'rounds'"):
        floats.encode("itq:round=3")
    with pytest.raises(HashingError, match="itq has no option ''; it has rounds"):
        floats.encode("itq:")
    with pytest.raises(HashingError, match=r"itq: rounds is a whole number, such as rounds=50, got '3.5'"):
        floats.encode("itq:rounds=3.5")
    with pytest.raises(HashingError, match="mhcln: unit is true or false, such as unit=true, got 'no'"):
        floats.encode("mhcln:unit=no")
    with pytest.raises(ValueError, match="codes have a multiple of 8 bits, at least 8, got 12"):
        floats.encode("itq", bits=12)
    with pytest.raises(ValueError, match="say --hash NAME, and with it --bits COUNT"):
        floats.encode(bits=16)
    with pytest.raises(ValueError, match="name a hash function"):
        floats.encode()
    with pytest.raises(HashingError, match="itq"):
        floats.encode("itq", bits=64)  # more bits than dimensions
    assert floats.info()["codes"] is None
    with pytest.raises(ArchiveError, match="holds no chip"):
        Archive.create(tmp_path / "empty", model=tiny_bundle).encode("itq")


def test_codes_are_measured_on_labels_with_expected_values_over_ties(floats) -> None:
    floats.encode("lsh", bits=8)
    report = floats.evaluate(measures=["map"], codes=True, draws=10)
    assert (report.space.kind, report.protocol["ties"]) == ("hamming", "expected")
    assert floats.evaluate(measures=["map"], draws=10).protocol["ties"] == "id"
    best, worst = (
        floats.evaluate(measures=["map"], codes=True, ties=ties, draws=10).measures["map"].value for ties in ("best", "worst")
    )
    assert worst < report.measures["map"].value < best
    compared = floats.compare(floats, measures=["map"], codes=True, draws=10)
    assert compared.second["map"] == pytest.approx(report.measures["map"].value)


def test_what_has_learned_from_these_labels_is_told_where_it_is_measured_on_them(floats) -> None:
    floats.encode("kslsh", bits=8)
    report = floats.evaluate(measures=["map"], codes=True, draws=10)
    assert "kslsh learned from the labels of these chips; measure it on others" in report.warnings
    assert not any("learned" in words for words in floats.evaluate(measures=["map"], draws=10).warnings)
    floats.encode("lsh", bits=8)
    assert not any("learned" in words for words in floats.evaluate(measures=["map"], codes=True, draws=10).warnings)


def test_the_protocol_mhcln_has_its_own_measure_and_the_strict_one_over_ties(floats) -> None:
    floats.encode("lsh", bits=8)
    report = floats.evaluate(protocol="mhcln", codes=True, draws=10)
    assert report.protocol["ties"] == "id"
    assert list(report.measures) == ["map@20:found", "map", "p@10", "p@20"]
    assert set(report.expected) == {"map", "p@10", "p@20"}
    strict = floats.evaluate(protocol="mhcln", codes=True, ties="expected", measures=["map"], draws=10)
    assert strict.measures["map"].value == pytest.approx(report.expected["map"], abs=1e-12)


def test_an_archive_made_before_there_were_codes_opens(floats) -> None:
    said = json.loads((floats.path / "archive.json").read_text())
    del said["options"]["hash"], said["options"]["bits"]
    (floats.path / "archive.json").write_text(json.dumps(said))
    old = Archive.open(floats.path)
    assert (old.options.hash, old.options.bits, old.info()["codes"]) == (None, None, None)
    assert len(old.search("harbor/harbor02.png", k=3)) == 3
    old.encode("itq", bits=16)
    whole(old)


_STOP = """
import os, signal, sys
from terrakin import Archive
import terrakin.api.codes as codes, terrakin.archive.lance as lance
place, seen = sys.argv[2], 0
def stop(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if place == "fit": codes.fit_hash_function = stop
if place == "save": codes.Bundle.save = stop
if place == "manifest": codes.manifest.write = stop
if place == "complete": codes.complete_codes = stop
if place == "column": lance.code_column = stop
archive = Archive.open(sys.argv[1])
sys.stdout.write("go")
if len(sys.argv) > 3:
    archive.add(sys.argv[3], hash="itq", bits=16)
else:
    archive.encode("itq", bits=16)
"""


@pytest.mark.parametrize(
    ("place", "before"),
    [("fit", None), ("column", None), ("save", "lsh"), ("manifest", "lsh"), ("complete", "lsh"), ("column", "lsh")],
)
def test_killed_anywhere_an_archive_can_be_used_and_is_finished(floats, pictures, tmp_path, place, before) -> None:
    source = tmp_path / "source"
    shutil.copytree(pictures / "water", source / "water")
    if before is not None:
        floats.encode(before, bits=24)
    # Two runs are killed: the second one finds what the first one left.
    for arguments in ([], [str(source)]):
        done = subprocess.run([sys.executable, "-c", _STOP, floats.path, place, *arguments], capture_output=True, check=False)
        # The second run may have nothing left to do where it would be killed.
        assert done.returncode == -signal.SIGKILL or (arguments and done.returncode == 0), done.stderr
        held = Archive.open(floats.path)
        assert len(held.search("harbor/harbor02.png", k=3)) == 3
        if held.store.codes is None:
            with pytest.raises(ArchiveError, match="has no codes"):
                held.search("harbor/harbor02.png", codes=True)
        else:
            whole(held)
    held = Archive.open(floats.path)
    held.add(source, hash="itq", bits=16)
    whole(held)
    assert (held.info()["codes"]["hash"], held.info()["codes"]["bits"], len(held)) == ("itq", 16, 48)
    assert len(list(held.path.glob("bundle-hashed-*"))) == 1
    assert held.search("harbor/harbor02.png", k=1, codes=True)[0].labels == ("harbor",)
