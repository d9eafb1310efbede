"""The risks of negative-unlabeled learning, against float64 NumPy."""

import numpy as np
import pytest

from keras_vabc.nu.risks import balanced_risk, nnpu_objective, presumed_positives

RNG = np.random.default_rng(0)


def softplus(z):
    return np.log1p(np.exp(z.astype("float64")))


def test_cvir_ignores_the_share_that_looks_most_negative():
    logits = np.array([0.5, -2.0, 3.0, -1.0, 9.0])
    losses = softplus(logits)  # of each as a positive
    kept = presumed_positives(logits, 0.4)
    assert sorted(kept) == sorted(np.argsort(losses)[:3]) == [0, 1, 3]
    assert len(presumed_positives(logits, 0.0)) == 5
    assert len(presumed_positives(logits, 1.0)) == 1


def test_balanced_risk_equals_numpy():
    u, w = RNG.normal(size=7).astype("f4"), RNG.normal(size=3).astype("f4")
    expected = 0.5 * softplus(u).mean() + 0.5 * softplus(-w).mean()
    assert float(balanced_risk(u, w)) == pytest.approx(expected, rel=1e-6)


def test_nnpu_objective_equals_numpy_on_both_sides_of_zero():
    u, w = RNG.normal(size=7).astype("f4"), RNG.normal(size=3).astype("f4")
    positives = softplus(u).mean() - 0.1 * softplus(w).mean()
    expected = 0.1 * softplus(-w).mean() + positives
    assert positives > 0
    assert float(nnpu_objective(u, w, 0.1)) == pytest.approx(expected, rel=1e-6)
    u, w = u - 5, w + 5
    positives = softplus(u).mean() - 0.9 * softplus(w).mean()
    assert positives < 0
    assert float(nnpu_objective(u, w, 0.9)) == pytest.approx(-positives, rel=1e-5)
