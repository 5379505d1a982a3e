"""Primitives by clustering: a Gaussian mixture of the regions of an archive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.softmax import softmax
from terrakin.regions.standard import Standard, fit_standard
from terrakin.registry import require

__all__ = ["SAMPLE", "SATURATED", "Mixture", "fit_mixture"]

SAMPLE = 20_000
"""Regions that a mixture is fitted on; all where there are fewer."""

SATURATED = 0.99
"""A region whose largest posterior is above is of one primitive whatever the threshold."""

_DIMENSIONS = 16
# Principal components that the mixture sees. In many dimensions posteriors are 0 or 1, and a threshold does nothing.

_RIDGE = 1e-4
_STARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Clusters of regions, fitted by expectation and maximisation."""

    standard: Standard
    """What descriptors go through first."""
    components: NDArray[np.float64]
    """(P, G) principal components of standardised descriptors."""
    weights: NDArray[np.float64]
    """(n,) share of each cluster, most first."""
    means: NDArray[np.float64]
    """(n, P) centre of each."""
    roots: NDArray[np.float64]
    """(n, P, P) lower-triangular root of each precision matrix, transposed: precision = root root^T."""
    bic: float
    """Bayesian information criterion on the regions that it was fitted on; less is better."""
    saturated: float
    """Share of these regions whose largest posterior is above 0.99."""

    @property
    def names(self) -> tuple[str, ...]:
        """`cluster 0` and so on."""
        return tuple(f"cluster {number}" for number in range(len(self.weights)))

    def posteriors(self, standardised: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `Primitives.posteriors`: Bayes' rule on the mixture's densities."""
        return softmax(_log_densities(standardised @ self.components.T, self.means, self.roots) + np.log(self.weights))


def fit_mixture(descriptors: NDArray[np.floating], *, clusters: int = 8, sample: int = SAMPLE, seed: int = 0) -> Mixture:
    """Cluster regions.

    Args:
        descriptors: (R, G) of all regions.
        clusters: how many, at least 1.
        sample: regions to fit on, drawn at random where there are more.
        seed: of the sample and of the starts; equal seeds give equal mixtures.

    Raises:
        ValueError: if there are fewer than 2 regions, or fewer than clusters.
        MissingExtraError: if scikit-learn is not installed.
    """
    mixtures = require("sklearn.mixture", extra="regions")
    if len(descriptors) < max(2, clusters):
        raise ValueError(f"{clusters} clusters need at least {max(2, clusters)} regions, got {len(descriptors)}")
    rng = np.random.default_rng(seed)
    chosen = descriptors if len(descriptors) <= sample else descriptors[np.sort(rng.choice(len(descriptors), sample, False))]
    standard = fit_standard(chosen)
    values = standard.apply(chosen)
    components = _principal(values, min(_DIMENSIONS, *values.shape))
    model = mixtures.GaussianMixture(
        clusters, covariance_type="full", reg_covar=_RIDGE, n_init=_STARTS, init_params="kmeans", random_state=seed
    )
    reduced = values @ components.T
    model.fit(reduced)
    # Sorted by weight, so that numbers of clusters mean something to people.
    order = np.argsort(-model.weights_, kind="stable")
    weights, means, roots = model.weights_[order], model.means_[order], model.precisions_cholesky_[order]
    found = Mixture(standard, components, weights, means, roots, float(model.bic(reduced)), 0.0)
    saturated = float((found.posteriors(values).max(axis=1) > SATURATED).mean())
    return Mixture(standard, components, weights, means, roots, found.bic, saturated)


def _principal(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Principal components (count, G) of centred values (R, G), most variance first, the largest entry of each positive."""
    directions = np.linalg.eigh(values.T @ values)[1][:, ::-1][:, :count].T
    signs = np.sign(directions[np.arange(count), np.abs(directions).argmax(axis=1)])
    result: NDArray[np.float64] = np.ascontiguousarray(directions * signs[:, None])
    return result


def _log_densities(values: NDArray[np.float64], means: NDArray[np.float64], roots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the normal densities of (R, P) under each of n: (R, n)."""
    result = np.empty((len(values), len(means)))
    for number, (mean, root) in enumerate(zip(means, roots, strict=True)):
        scaled = (values - mean) @ root
        result[:, number] = np.log(np.diag(root)).sum() - (np.log(2 * np.pi) * len(mean) + (scaled**2).sum(axis=1)) / 2
    return result
