"""The quick mixture: its covariance in float64, concepts recovered, and what shrinking is for."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from keras_vabc.sampling.latent_mixture import fit_mixture
from keras_vabc.sampling.shrunk_mixture import FLOOR, _responsibilities, fit_shrunk_mixture

SEED = 11


def two_clusters(rows, seed=SEED):
    """A narrow and a wide cluster in the plane, a quarter and three quarters of the rows."""
    rng = np.random.default_rng(seed)
    narrow = rng.multivariate_normal([-3, 0], [[0.2, 0.1], [0.1, 0.2]], rows // 4)
    wide = rng.multivariate_normal([3, 1], [[2.0, -1.2], [-1.2, 1.0]], rows - rows // 4)
    return np.concatenate([narrow, wide]).astype("float32")


def covariances(state):
    return state["scales"].astype("float64") @ state["scales"].transpose(0, 2, 1)


def log_likelihood(state, z):
    """The mean log density of rows."""
    parts = zip(state["means"], covariances(state), strict=True)
    logs = np.stack([multivariate_normal(*part).logpdf(z) for part in parts], axis=1)
    return logsumexp(logs + np.log(state["weights"]), axis=1).mean()


def test_one_component_has_the_moments_with_shrunk_correlations():
    z = two_clusters(300)
    state = fit_shrunk_mixture(z, 1, shrinkage=50.0, seed=SEED)
    own = np.cov(z.T.astype("float64"), bias=True)
    kept = 300 / (300 + 50 * 2)
    expected = kept * own + (1 - kept) * np.diag(np.diag(own)) + FLOOR * np.eye(2)
    assert abs(own[0, 1]) > 0.3
    np.testing.assert_allclose(covariances(state)[0], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state["means"][0], z.mean(axis=0), atol=1e-5)
    np.testing.assert_array_equal(state["weights"], [1])
    assert {array.dtype for array in state.values()} == {np.dtype("float32")}


def test_each_component_has_its_share_of_a_row():
    z, rows = two_clusters(50), np.float32([10.0, 40.0])
    means, scales = (
        np.float32([[0, 0], [1, -1]]),
        np.float32([[[0.5, 0], [0.2, 0.4]], np.eye(2) * 3]),
    )
    share = _responsibilities(z, rows, means, scales)
    parts = [multivariate_normal(m, s @ s.T).logpdf(z) for m, s in zip(means, scales, strict=True)]
    logs = np.stack(parts, axis=1) + np.log(rows)
    expected = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    assert 0.1 < np.median(expected.max(axis=1) - expected.min(axis=1)) < 1
    np.testing.assert_allclose(share, expected, atol=1e-4)


def test_clusters_are_recovered():
    state = fit_shrunk_mixture(two_clusters(8000), 2, shrinkage=0.5, seed=SEED)
    first = np.argsort(state["means"][:, 0])
    np.testing.assert_allclose(state["weights"][first], [0.25, 0.75], atol=0.01)
    np.testing.assert_allclose(state["means"][first], [[-3, 0], [3, 1]], atol=0.1)
    expected = [[[0.2, 0.1], [0.1, 0.2]], [[2.0, -1.2], [-1.2, 1.0]]]
    np.testing.assert_allclose(covariances(state)[first], expected, atol=0.1)


def test_without_shrinking_it_is_about_as_likely_as_the_most_likely_one():
    z, other = two_clusters(4000), two_clusters(4000, seed=SEED + 1)
    quick, slow = fit_shrunk_mixture(z, 5, 0.0, SEED), fit_mixture(z, 5, SEED)
    assert log_likelihood(quick, other) == pytest.approx(log_likelihood(slow, other), abs=0.02)


def test_shrinking_makes_unseen_latents_likelier_where_a_component_has_few_rows():
    rng = np.random.default_rng(SEED)
    mixing = rng.normal(size=(30, 30)) / 6 + np.eye(30)
    z, other = ((rng.normal(size=(400, 30)) @ mixing).astype("float32") for _ in range(2))
    free, shrunk = (log_likelihood(fit_shrunk_mixture(z, 8, s, SEED), other) for s in (0.0, 0.5))
    assert shrunk > free + 2


def test_the_seed_decides():
    z = two_clusters(500)
    first, again, other = (fit_shrunk_mixture(z, 9, 0.5, seed) for seed in (7, 7, 8))
    np.testing.assert_equal(again, first)
    assert (other["means"] != first["means"]).any()


def test_latents_that_are_all_alike_leave_the_floor():
    state = fit_shrunk_mixture(np.ones((50, 3)), 1, 0.5, SEED)
    np.testing.assert_allclose(covariances(state)[0], FLOOR * np.eye(3), rtol=1e-4)
