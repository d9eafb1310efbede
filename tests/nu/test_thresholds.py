"""Thresholds, against counting."""

import numpy as np
import pytest

from keras_vabc.nu.thresholds import false_alarm_threshold, flagged_share, review_order

RNG = np.random.default_rng(0)


def counted(scores, threshold, weights):
    """Share of the weight above a threshold, one example at a time."""
    above = sum(w for s, w in zip(scores, weights, strict=True) if s > threshold)
    return above / sum(weights)


@pytest.mark.parametrize("most", [0.0, 0.01, 0.1, 0.29, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["spread", "tied", "weighted"])
def test_the_threshold_is_the_lowest_that_keeps_the_rule(most, kind):
    scores = RNG.random(100).astype("float32")
    scores = np.round(scores, 1) if kind == "tied" else scores
    weights = RNG.random(100) if kind == "weighted" else np.ones(100)
    chosen = false_alarm_threshold(scores, most, weights if kind == "weighted" else None)
    keeps = [s for s in scores if counted(scores, s, weights) <= most + 1e-9]
    assert chosen == min(keeps)
    assert flagged_share(scores, chosen, weights) == pytest.approx(counted(scores, chosen, weights))


def test_a_count_that_is_allowed_exactly_is_used():
    scores = np.arange(100.0)
    assert flagged_share(scores, false_alarm_threshold(scores, 0.29)) == 0.29


def test_weights_set_the_negatives_aside():
    """90 positives score 0 to 89, 10 hidden negatives 1000: those cost nothing."""
    scores = np.concatenate([np.arange(90.0), np.full(10, 1000.0)])
    positive = np.repeat([1.0, 0.0], [90, 10])
    assert false_alarm_threshold(scores, 0.1, positive) == 80  # 9 of 90 lie above
    assert false_alarm_threshold(scores, 0.1) == 89  # the 10 negatives use up the allowance
    assert flagged_share(scores, 80, positive) == pytest.approx(0.1)
    assert flagged_share(scores, 80) == pytest.approx(0.19)


def test_the_unit_of_weights_decides_nothing():
    """What is forgiven of rounding is a share of the weight, however small the weights are."""
    scores, weights = RNG.normal(size=200), RNG.random(200)
    for most in (0.0, 0.1):
        chosen = false_alarm_threshold(scores, most, weights)
        assert chosen == false_alarm_threshold(scores, most, 1e-16 * weights)
        assert flagged_share(scores, chosen, 1e-16 * weights) <= most


def test_counting_all_as_positive_is_cautious():
    positives, negatives = RNG.normal(size=9_000), RNG.normal(1.5, size=1_000)
    threshold = false_alarm_threshold(np.concatenate([positives, negatives]), 0.05)
    assert (positives > threshold).mean() < 0.05
    assert (negatives > threshold).mean() > (positives > threshold).mean()


def test_review_begins_with_the_highest_and_keeps_the_order_of_equals():
    scores = np.array([0.5, 0.9, 0.5, 0.1, 0.9], "float32")
    assert review_order(scores).tolist() == [1, 4, 0, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 0.1), "scores must hold at least one number"),
        (([1.0, np.nan], 0.1), "scores must be finite"),
        (([[1.0]], 0.1), "scores must have shape"),
        (([1.0], 1.0), "max_false_alarms must be a number in"),
        (([1.0], -0.1), "max_false_alarms must be a number in"),
        (([1.0], 0.1, [1.5]), "weights must be 1 numbers in"),
        (([1.0, 2.0], 0.1, [1.0]), "weights must be 2 numbers in"),
        (([1.0, 2.0], 0.1, [0.0, 0.0]), "weights must not all be 0"),
    ],
)
def test_what_is_refused(arguments, message):
    scores, most, *weights = arguments
    with pytest.raises(ValueError, match=message):
        false_alarm_threshold(np.asarray(scores), most, *map(np.asarray, weights))
