"""The share of negatives, and what follows from it, against counting and known shares."""

import numpy as np
import pytest
from scipy.special import expit

from keras_vabc.nu.share import (
    SLOPES,
    best_bin_share,
    log_odds_shift,
    log_odds_slope,
    ranking_quality,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.9])
def test_best_bin_finds_a_known_share(share):
    count = round(share * 20_000)
    unlabeled = np.concatenate([RNG.normal(3, 1, count), RNG.normal(-3, 1, 20_000 - count)])
    found, low, high = best_bin_share(unlabeled, RNG.normal(3, 1, 2000))
    assert found == pytest.approx(share, abs=0.02)
    assert low <= share <= high
    assert high - low < 0.12


def test_best_bin_by_hand():
    """Two bins: from 1 on 0.2 / 0.5 = 0.4, from 0 on 1 / 1. The first also has the least bound."""
    unlabeled = np.repeat([0.0, 1.0], [8000, 2000])
    unwanted = np.repeat([0.0, 1.0], [5000, 5000])
    error = np.sqrt(np.log(40) / 20_000)
    expected = 0.4, (0.2 - error) / (0.5 + error), (0.2 + error) / (0.5 - error)
    assert best_bin_share(unlabeled, unwanted) == pytest.approx(expected)


def test_the_interval_holds_as_often_as_it_says_and_narrows_with_more_examples():
    widths = {}
    for unwanted_count in (30, 1000):
        held = []
        for _ in range(40):
            unlabeled = np.concatenate([RNG.normal(4, 1, 200), RNG.normal(-4, 1, 1800)])
            _, low, high = best_bin_share(unlabeled, RNG.normal(4, 1, unwanted_count))
            held.append(low <= 0.1 <= high)
        assert np.mean(held) >= 0.9
        widths[unwanted_count] = high - low
    assert widths[1000] < widths[30] / 1.5


@pytest.mark.parametrize("share", [0.001, 0.2, 0.99])
def test_shifted_logits_have_the_share_as_their_mean_probability(share):
    logits = RNG.normal(-2, 5, 1000)
    shifted = logits + log_odds_shift(logits, share)
    assert (1 / (1 + np.exp(-shifted))).mean() == pytest.approx(share, rel=1e-6)


@pytest.mark.parametrize("logits", [[1.0, 2.0], [-50.0, 40.0, 3.0], [0.0]])
def test_the_shift_of_an_unreachable_share_stops_30_beyond_the_outermost_logit(logits):
    """In log odds of an example, not of the shift: a probability of 9.4e-14, of any logits."""
    none, every = (np.array(logits) + log_odds_shift(logits, share) for share in (0, 1))
    assert none.max() == pytest.approx(-30, abs=1e-12)
    assert every.min() == pytest.approx(30, abs=1e-12)
    assert log_odds_shift([0.0], 1e-12) == pytest.approx(np.log(1e-12), abs=1e-6)


def test_ranking_quality_needs_no_labels():
    positives, negatives = RNG.normal(0, 1, 90_000), RNG.normal(1, 1, 10_000)
    below = np.searchsorted(np.sort(positives), negatives).mean() / len(positives)
    unlabeled, unwanted = np.concatenate([positives, negatives]), RNG.normal(1, 1, 10_000)
    assert ranking_quality(unlabeled, unwanted, 0.1) == pytest.approx(below, abs=0.01)
    assert ranking_quality(unlabeled, unwanted, 0.0) < below - 0.02
    assert ranking_quality(np.zeros(5), np.zeros(3), 0.2) == pytest.approx(0.5)


@pytest.mark.parametrize("slope", [0.8, 1.0, 1.7])
def test_the_slope_makes_mean_log_odds_of_the_unwanted_what_the_probabilities_say(slope):
    """Of calibrated log odds that were divided by a slope, it is found again."""
    rng = np.random.default_rng(21)
    logits = rng.normal(-2, 2.5, 40_000)
    negative = rng.random(len(logits)) < expit(logits)
    unwanted = rng.permutation(logits[negative])[:3000] / slope
    found = log_odds_slope(logits / slope, unwanted, negative.mean())
    assert found == pytest.approx(slope, rel=0.07)


def test_the_slope_has_limits_and_is_even_where_nothing_is_told():
    ranks = np.linspace(-6, 6, 1000)
    apart = log_odds_slope(ranks, np.full(20, 6.0), 0.02)
    assert apart == pytest.approx(SLOPES[1], rel=0.01)
    against = log_odds_slope(ranks, np.full(20, -3.0), 0.3)
    assert against == pytest.approx(SLOPES[0], rel=0.01)
    assert log_odds_slope(np.zeros(50), np.zeros(5), 0.3) == pytest.approx(1, abs=0.01)
