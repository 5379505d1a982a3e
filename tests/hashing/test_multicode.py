import io
import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from terrakin.errors import HashingError, UnknownNameError
from terrakin.hashing.known import fit_hasher
from terrakin.hashing.multicode import sparse_bytes
from terrakin.hashing.multicode_arrays import arrays_of, load_multi_code
from terrakin.hashing.multicode_fit import FEWEST, fit_multi_code
from terrakin.regions.classes import fit_classes
from terrakin.regions.describer import Describer
from terrakin.regions.squares import Squares
from terrakin.spaces.kinds import distances, topk
from terrakin.spaces.space import Space

SIZE, GROUNDS, IMAGES = 12, 4, 80
RULES = ("half", "full", "zero-code")


def made(*, seed: int = 0):
    """Regions of images, each of which shows one to three of four kinds of ground; and which kinds."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(scale=3, size=(GROUNDS, SIZE))
    images, kinds = [], []
    for _ in range(IMAGES):
        of = rng.choice(rng.choice(GROUNDS, rng.integers(1, 4), replace=False), rng.integers(3, 9))
        images.append((centres[of] + rng.normal(size=(len(of), SIZE))).astype(np.float32))
        kinds.append(of)
    return images, kinds


def told(*, seed: int = 0):
    """Regions of images of four kinds of ground as above, and label sets: what they tell is hidden below noise."""
    images, _ = made(seed=seed)
    rng = np.random.default_rng(seed)
    labels = [("wet", "cold") if wet else ("dry",) for wet in rng.integers(2, size=len(images))]
    for image, label in zip(images, labels, strict=True):
        image[:, 0] += 1 if "wet" in label else -1
    return images, labels


@pytest.fixture(scope="module")
def images():
    return made()[0]


@pytest.fixture(scope="module")
def coder(images):
    return fit_multi_code(images, primitives=GROUNDS, bits=32, describer=Describer(Squares(2), bands=("red", "green", "blue")))


def single_codes(images, *, bits):
    """The baseline as it is told: the mean of all regions, one hash function."""
    every = np.concatenate(images).astype(np.float64)
    means = np.stack([((image.astype(np.float64) - every.mean(axis=0)) / every.std(axis=0)).mean(axis=0) for image in images])
    return fit_hasher("kulsh", means.astype(np.float32), bits=bits).codes(means.astype(np.float32))


def from_file(coder):
    """The same, from a file without pickle."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays_of(coder))
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return load_multi_code(dict(arrays))


def test_images_of_the_same_grounds_are_nearest(coder) -> None:
    images, kinds = made(seed=1)
    # Grounds of one kind differ by noise alone here, so that their codes tell nothing and their presence all.
    ruled = replace(coder, missing="full")
    sets = ruled.encode(images)
    assert sets.shape == (IMAGES, coder.space.width)
    found, _ = topk(ruled.space, sets, sets, 6)
    held = [set(of.tolist()) for of in kinds]
    shared = [len(held[i] & held[j]) / len(held[i]) for i, line in enumerate(found) for j in line if i != j]
    by_chance = [len(held[i] & held[j]) / len(held[i]) for i in range(IMAGES) for j in range(IMAGES) if i != j]
    assert np.mean(shared) > 0.9 > 0.7 > np.mean(by_chance)


def test_one_primitive_ranks_as_the_single_code(images) -> None:
    alone = fit_multi_code(images, primitives=1, bits=32)
    sets, codes = alone.encode(images), single_codes(images, bits=32)
    assert np.array_equal(sets[:, 1:], codes)
    plain = Space("hamming", 32)
    assert np.array_equal(topk(alone.space, sets, sets, IMAGES)[0], topk(plain, codes, codes, IMAGES)[0])


def test_threshold_0_gives_every_primitive_the_mean_of_all_regions(images) -> None:
    every = fit_multi_code(images, primitives=3, threshold=0.0, bits=16)
    sets = every.encode(images)
    assert (np.bitwise_count(sets[:, 0]) == 3).all()
    standardised = np.stack([every.primitives.standard.apply(image).mean(axis=0) for image in images]).astype(np.float32)
    for number, hasher in enumerate(every.hashers):
        assert np.array_equal(sets[:, 1 + 2 * number : 3 + 2 * number], hasher.codes(standardised))


@pytest.mark.parametrize("rule", RULES)
def test_a_threshold_above_1_leaves_nothing_and_a_query_lowers_it(coder, images, rule) -> None:
    strict = replace(coder, threshold=1.5, missing=rule)
    sets = strict.encode(images)
    assert not sets[:, 0].any()
    assert len(np.unique(sets, axis=0)) == 1
    asked = strict.ask(images[0])
    assert asked.lowered
    assert asked.threshold == pytest.approx(coder.primitives.posteriors(coder.primitives.standard.apply(images[0])).max())
    assert np.bitwise_count(asked.codes[0]) >= 1


def test_a_query_that_shows_a_primitive_is_coded_as_in_the_archive(coder, images) -> None:
    for image, stored in zip(images[:10], coder.encode(images[:10]), strict=True):
        asked = coder.ask(image)
        assert not asked.lowered
        assert asked.threshold == coder.threshold
        assert np.array_equal(asked.codes, stored)


@pytest.mark.parametrize("rule", RULES)
def test_an_image_lies_at_0_from_itself(coder, images, rule) -> None:
    ruled = replace(coder, missing=rule)
    sets = ruled.encode(images)
    assert not np.diag(distances(ruled.space, sets, sets)).any()


def test_the_code_of_a_zero_vector_stands_where_an_image_lacks_a_primitive(coder, images) -> None:
    ruled = replace(coder, missing="zero-code")
    sets = ruled.encode(images)
    there = np.unpackbits(sets[:, :1], axis=1, count=GROUNDS, bitorder="little").astype(bool)
    codes = sets[:, 1:].reshape(IMAGES, GROUNDS, -1)
    for number, hasher in enumerate(ruled.hashers):
        zero = hasher.codes(np.zeros((1, SIZE), np.float32))[0]
        assert (codes[~there[:, number], number] == zero).all()
        assert zero.any()
    plain = coder.encode(images)[:, 1:].reshape(IMAGES, GROUNDS, -1)
    assert not plain[~there].any()
    assert np.array_equal(plain[there], codes[there])


def test_a_hash_function_sees_images_alone_that_show_its_primitive(coder, images) -> None:
    for number, (cluster, hasher) in enumerate(zip(coder.kept, coder.hashers, strict=True)):
        rows = []
        for image in images:
            standardised = coder.primitives.standard.apply(image)
            member = coder.primitives.posteriors(standardised)[:, cluster] >= coder.threshold
            if member.any():
                rows.append(standardised[member].mean(axis=0))
        assert FEWEST <= len(rows) < IMAGES, number
        nearest = np.abs(hasher.anchors[:, None] - np.stack(rows)).max(axis=2).min(axis=1)
        assert len(hasher.anchors) == len(rows)
        assert nearest.max() < 1e-5
        assert hasher.anchors.any(axis=1).all()


def test_codes_do_not_depend_on_the_batch(coder, images) -> None:
    whole = coder.encode(images)
    assert all(np.array_equal(coder.encode([image])[0], stored) for image, stored in zip(images, whole, strict=True))
    assert coder.encode([]).shape == (0, coder.space.width)


def test_a_primitive_that_few_images_show_is_dropped_with_a_message(images, caplog) -> None:
    rare = np.full((3, SIZE), 40, np.float32) + np.random.default_rng(0).normal(size=(3, SIZE)).astype(np.float32)
    some = [np.vstack([image, rare]) if number < 5 else image for number, image in enumerate(images)]
    with caplog.at_level(logging.WARNING):
        fitted = fit_multi_code(some, primitives=GROUNDS + 1, bits=16)
    assert len(fitted.hashers) == GROUNDS
    assert "is shown by 5 images and dropped; at least 20 are needed" in caplog.text
    assert fitted.space == Space("codeset", 16, codes=GROUNDS)


def test_too_few_images_are_told(images) -> None:
    with pytest.raises(HashingError, match="at least 20 images must show it, and there are 10 images"):
        fit_multi_code(images[:10], primitives=2)
    with pytest.raises(HashingError, match="without images"):
        fit_multi_code([])
    with pytest.raises(HashingError, match="cannot find primitives: 8 clusters need at least 8 regions"):
        fit_multi_code([images[0][:2]])
    with pytest.raises(ValueError, match="from 0 to 1, got 2"):
        fit_multi_code(images, threshold=2)


@pytest.mark.parametrize("classifier", ["logistic", "svm"])
def test_classes_take_the_place_of_clusters(classifier) -> None:
    images, kinds = made()
    names = ["field", "road", "roof", "water"]
    labels = [names[kind] for of in kinds for kind in of]
    classes = fit_classes(np.concatenate(images), labels, classifier=classifier)
    coder = fit_multi_code(images, primitives=classes, bits=16)
    there = np.unpackbits(coder.encode(images)[:, :1], axis=1, count=GROUNDS, bitorder="little")
    expected = np.array([[kind in of for kind in range(GROUNDS)] for of in kinds])
    assert (there == expected).mean() > 0.98
    again = from_file(coder)
    assert again.primitives.names == tuple(names)
    standardised = classes.standard.apply(images[0])
    assert np.array_equal(again.primitives.posteriors(standardised), classes.posteriors(standardised))
    assert np.array_equal(again.encode(images), coder.encode(images))


def test_codes_by_labels_tell_what_codes_without_them_do_not() -> None:
    images, labels = told()
    others, theirs = told(seed=1)

    def right(name):
        coder = fit_multi_code(images, primitives=GROUNDS, bits=32, hash=name, labels=labels)
        assert {hasher.kind for hasher in coder.hashers} == {name}
        found, _ = topk(coder.space, coder.encode(others), coder.encode(images), 10)
        return np.mean([labels[row] == asked for asked, rows in zip(theirs, found, strict=True) for row in rows])

    assert right("kslsh") > 0.8 > 0.7 > right("kulsh")


def test_codes_by_labels_come_back_from_a_file() -> None:
    images, labels = told()
    coder = fit_multi_code(images, primitives=2, bits=16, hash="kslsh", labels=labels, anchors=40)
    again = from_file(coder)
    assert [hasher.kind for hasher in again.hashers] == ["kslsh", "kslsh"]
    assert again.hashers[0].origin.options["anchors"] == 40
    assert np.array_equal(again.encode(images), coder.encode(images))


def test_images_without_a_label_are_left_out_of_what_learns_from_labels() -> None:
    images, labels = told()
    mixture = fit_multi_code(images, primitives=2, bits=16).primitives
    holes = [() if number % 3 == 0 else label for number, label in enumerate(labels)]
    some = [number for number, label in enumerate(holes) if label]
    coder = fit_multi_code(images, primitives=mixture, bits=16, hash="kslsh", labels=holes)
    alone = fit_multi_code(
        [images[number] for number in some],
        primitives=mixture,
        bits=16,
        hash="kslsh",
        labels=[labels[number] for number in some],
    )
    assert np.array_equal(coder.encode(images), alone.encode(images))
    every = fit_multi_code(images, primitives=mixture, bits=16, hash="kslsh", labels=labels)
    assert not np.array_equal(coder.encode(images), every.encode(images))
    # Clusters need no label.
    found = fit_multi_code(images, primitives=2, bits=16, hash="kslsh", labels=holes)
    assert np.array_equal(found.primitives.means, mixture.means)
    plain = fit_multi_code(images, primitives=mixture, bits=16, labels=holes)
    assert np.array_equal(plain.encode(images), fit_multi_code(images, primitives=mixture, bits=16).encode(images))


def test_labels_that_are_needed_and_missing_are_told(images, monkeypatch) -> None:
    monkeypatch.setattr("terrakin.hashing.multicode_fit.fit_mixture", None)  # it is told before the work
    with pytest.raises(HashingError, match="kslsh learns from labels and there are none; label the chips, or choose kulsh"):
        fit_multi_code(images, hash="kslsh")
    with pytest.raises(HashingError, match="these 80 vectors are without a label"):
        fit_multi_code(images, hash="kslsh", labels=[()] * IMAGES)
    with pytest.raises(ValueError, match="labels are 80 like the vectors, got 3"):
        fit_multi_code(images, labels=[("a",)] * 3)
    with pytest.raises(UnknownNameError, match="kulsh"):
        fit_multi_code(images, hash="kuslh")


def test_a_primitive_that_cannot_be_coded_is_named(images) -> None:
    labels = [("water", f"number {number}") for number in range(IMAGES)]
    told = r"cluster 0, which \d+ images show, cannot be coded: .* are without a common label; with fewer primitives"
    with pytest.raises(HashingError, match=told):
        fit_multi_code(images, primitives=2, hash="kslsh", labels=labels)


def test_the_same_seed_gives_the_same_codes_and_another_one_others(images) -> None:
    first, again, other = (fit_multi_code(images, primitives=2, bits=16, seed=seed).encode(images) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("rule", RULES)
def test_a_file_without_pickle_gives_the_same_back(coder, images, rule) -> None:
    ruled = replace(coder, missing=rule)
    again = from_file(ruled)
    assert again.describer == ruled.describer
    assert (again.kept, again.threshold, again.space) == (ruled.kept, ruled.threshold, ruled.space)
    assert np.array_equal(again.encode(images), ruled.encode(images))
    assert again.primitives.bic == ruled.primitives.bic


def test_arrays_of_something_else_are_refused(coder) -> None:
    arrays = dict(arrays_of(coder))
    with pytest.raises(HashingError, match="not those of multi-code hashing"):
        load_multi_code({})
    with pytest.raises(HashingError, match="not those of multi-code hashing"):
        load_multi_code({**arrays, "standard.mean": arrays["standard.mean"][:3]})
    said = json.loads(arrays["said"].item())
    # One that counts from the end, one twice, one out of order, one that is not there.
    for kept in ([-4, 1, 2, 3], [0, 1, 1, 3], [0, 2, 1, 3], [0, 1, 2, 4]):
        with pytest.raises(HashingError, match="not those of multi-code hashing"):
            load_multi_code({**arrays, "said": np.array(json.dumps({**said, "kept": kept}))})
    for wrong in ({"threshold": np.nan}, {"segmenter": "felzenszwalb", "settings": {"scale": "large"}}):
        with pytest.raises(HashingError, match="not those of multi-code hashing"):
            load_multi_code({**arrays, "said": np.array(json.dumps({**said, **wrong}))})
    del arrays["hasher.1.anchors"]
    with pytest.raises(HashingError, match="not those of multi-code hashing"):
        load_multi_code(arrays)


def test_bytes_are_those_that_the_codes_take(coder, images) -> None:
    sets = coder.encode(images)
    assert sets.nbytes == IMAGES * (GROUNDS * 32 // 8 + 1)
    there = np.unpackbits(sets[:, :1], axis=1).sum() / IMAGES
    assert sparse_bytes(coder.space, sets) == pytest.approx(there * 4 + 1)
