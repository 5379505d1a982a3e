import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from terrakin.regions.svm import fit_svm


def drawn(classes, *, count=120, apart=1.0, seed=0):
    """Vectors of classes that overlap, and their classes by name."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(scale=apart, size=(classes, 8))
    which = np.arange(count) % classes
    return (centres[which] + rng.normal(size=(count, 8))).astype(np.float32), [f"class-{number}" for number in which]


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("penalty", [0.5, 4.0])
def test_probabilities_are_those_of_scikit_learn(classes, penalty) -> None:
    vectors, names = drawn(classes)
    others = np.vstack([drawn(classes, seed=1)[0], vectors])
    theirs = CalibratedClassifierCV(OneVsRestClassifier(SVC(C=penalty)), method="sigmoid", cv=5, ensemble=False)
    expected = theirs.fit(vectors, names).predict_proba(others)
    found = fit_svm(vectors, names, penalty=penalty).probabilities(others)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert np.ptp(expected) > 0.5


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_that_lie_apart_are_found_each_time_alike(classes) -> None:
    vectors, names = drawn(classes, apart=5)
    fitted = fit_svm(vectors, names)
    found = fitted.probabilities(drawn(classes, apart=5, seed=1)[0])
    np.testing.assert_array_equal(found.argmax(axis=1), np.arange(120) % classes)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_array_equal(fit_svm(vectors, names).platt, fitted.platt)
    assert len(fitted.vectors) < len(vectors)


def test_vectors_far_from_everything_have_probabilities() -> None:
    found = fit_svm(*drawn(3)).probabilities(np.full((2, 8), 1e6, np.float32))
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_vectors_that_are_all_zero_can_be_fitted() -> None:
    assert fit_svm(np.zeros((20, 3)), ["a", "b"] * 10).probabilities(np.zeros((1, 3))) == pytest.approx(0.5, abs=0.1)


def test_a_class_of_few_vectors_is_told() -> None:
    vectors, names = drawn(2, count=20)
    with pytest.raises(ValueError, match="needs 5 vectors of each class, and 'rare' has 4"):
        fit_svm(vectors, [*names[:16], *["rare"] * 4])
