"""Visual words."""

import numpy as np
import pytest

from terrakin.words import vocabulary
from terrakin.words.vocabulary import Vocabulary, fit_vocabulary


def keypoints(count, seed=0, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (count, 128), dtype=np.uint8)


def test_histograms_count_the_nearest_words() -> None:
    known = Vocabulary(keypoints(7))
    described = [keypoints(count, seed=count) for count in (1, 9, 40)]
    histograms = known.histograms(described)
    assert histograms.dtype == np.float32
    for histogram, descriptors in zip(histograms, described, strict=True):
        expected = np.zeros(7)
        for descriptor in descriptors.astype(int):
            expected[int(np.argmin([((descriptor - word) ** 2).sum() for word in known.words.astype(int)]))] += 1
        assert histogram == pytest.approx(expected / len(descriptors))


def test_distances_are_exact_at_the_ends_of_the_range() -> None:
    # 128 x 255^2 and one less: a float32 that rounded anywhere would call them equal.
    words = np.full((3, 128), 255, dtype=np.uint8)
    words[1, 0], words[2] = 254, 0
    query = np.full((1, 128), 255, dtype=np.uint8)
    query[0, 0] = 254
    known = Vocabulary(words)
    assert known.histograms([query]).argmax() == 1
    assert known.histograms([words[:1]]).argmax() == 0
    assert Vocabulary(words[[2, 0, 0]]).histograms([words[:1]]).argmax() == 1, "the first of equal words"


def test_an_image_without_keypoints_has_the_same_of_every_word() -> None:
    histograms = Vocabulary(keypoints(8)).histograms([keypoints(0), keypoints(5)])
    assert (histograms[0] == 0.125).all()
    assert histograms.sum(axis=1) == pytest.approx(1)


def test_an_image_does_not_depend_on_the_others() -> None:
    known = Vocabulary(keypoints(16))
    described = [keypoints(count, seed=count) for count in (20_000, 3, 500)]
    together = known.histograms(described)
    for row, descriptors in enumerate(described):
        np.testing.assert_array_equal(known.histograms([descriptors])[0], together[row])


def test_words_are_the_rounded_means_of_clusters() -> None:
    rng = np.random.default_rng(3)
    centres = np.array([20, 120, 220])
    which = rng.integers(3, size=200)
    described = (centres[which, None] + rng.integers(-4, 5, (200, 128))).astype(np.uint8)
    # Of three starts two may be of one cluster; some seed has one of each.
    fits = [fit_vocabulary(np.split(described, [50, 120]), words=3, seed=seed) for seed in range(12)]
    expected = [np.rint(described[which == number].mean(axis=0)) for number in range(3)]
    assert any(np.array_equal(np.unique(fit.words, axis=0), expected) for fit in fits)


def test_equal_seeds_give_equal_words_and_others_do_not() -> None:
    described = [keypoints(60, seed=seed) for seed in range(3)]
    first, again, other = (fit_vocabulary(described, words=10, seed=seed).words for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, fit_vocabulary(described, words=10, sample=100, seed=4).words)


def test_a_word_without_keypoints_stays_where_it_was() -> None:
    words = np.array([[10] * 128, [250] * 128], dtype=np.uint8)
    near = np.array([[11] * 128, [14] * 128], dtype=np.uint8)
    np.testing.assert_array_equal(vocabulary._moved(words, near)[:, 0], [12, 250])


def test_too_few_keypoints_are_told() -> None:
    with pytest.raises(ValueError, match="5 words need as many different keypoints, and there are 4; give more images"):
        fit_vocabulary([keypoints(4), keypoints(4), keypoints(0)], words=5)
    with pytest.raises(ValueError, match="there are 0"):
        fit_vocabulary([], words=2)


def test_what_fits_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"words are \(n, 128\) uint8, got \(3, 128\) float64"):
        Vocabulary(np.zeros((3, 128)))
    with pytest.raises(ValueError, match="at least 2 words, got 1"):
        Vocabulary(keypoints(1))
    with pytest.raises(ValueError, match=r"descriptors are \(n, 128\) uint8, got \(2, 64\)"):
        Vocabulary(keypoints(3)).histograms([keypoints(2)[:, :64]])
    with pytest.raises(ValueError, match=r"descriptors are \(n, 128\) uint8"):
        fit_vocabulary([keypoints(3).astype(np.float32)], words=2)
