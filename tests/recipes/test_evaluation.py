"""What `evaluate` says without labels holds against the truth, or says less."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from keras_vabc.nu.estimates import Estimates
from keras_vabc.recipes import evaluation

SHARE = 0.15  # of hidden negatives


class StoredRun:
    """A run whose scores are drawn: positives from N(0, 1), negatives `apart` from them."""

    score_name, has_classifier, threshold = "P(negative | x)", False, None

    def __init__(self, apart, unwanted, seed):
        rng = np.random.default_rng(seed)
        logits = rng.normal(size=600) + apart * (rng.random(600) < SHARE)
        known = rng.normal(size=(2, unwanted)) + apart
        self._held_out = _probability(logits), _probability(known[0])
        training = rng.normal(size=2000) + apart * (rng.random(2000) < SHARE)
        self._estimates = Estimates(_probability(training), _probability(known[1]))
        self.record = SimpleNamespace(threshold=None, reviewed=None)

    def held_out_scores(self):
        return *self._held_out, self._estimates


def _probability(logits):
    return (1 / (1 + np.exp(-logits))).astype("float32")


@pytest.mark.parametrize(("apart", "unwanted"), [(0.6, 8), (0.6, 40), (1.5, 8), (3.0, 40)])
def test_the_least_area_without_labels_is_under_the_true_one(monkeypatch, apart, unwanted):
    """With 8 unwanted examples or concepts that overlap the estimated share is a guess."""
    monkeypatch.setattr(evaluation, "_caught", lambda run, unwanted: ({}, "Caught: -"))
    true = norm.cdf(apart / np.sqrt(2))
    runs = (StoredRun(apart, unwanted, seed) for seed in range(1, 31))
    above = [evaluation._unlabeled_figures(run, seed=0).auc_low > true for run in runs]
    assert sum(above) <= 4, f"{sum(above)} of 30, where 5 % are promised"
