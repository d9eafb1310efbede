"""Thresholds, against counting."""

import numpy as np
import pytest

from keras_vabc.nu.posterior import SharePosterior
from keras_vabc.nu.thresholds import (
    CAUTIOUS,
    false_alarm_threshold,
    flagged_share,
    review_order,
)

RNG = np.random.default_rng(0)


def expected(scores, most, unwanted=(), share=0.0):
    """One candidate at a time from the top: the threshold, in the plainest way."""
    best = max(scores)
    for candidate in sorted(set(scores), reverse=True):
        recall = sum(w > candidate for w in unwanted) / (len(unwanted) + 1)
        flagged = sum(s > candidate for s in scores)
        positives = (flagged - share * len(scores) * recall) / ((1 - share) * len(scores))
        if positives > most + 1e-9:
            return best
        best = candidate
    return best


@pytest.mark.parametrize("most", [0.0, 0.01, 0.1, 0.29, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["spread", "tied", "with negatives"])
def test_the_threshold_is_where_the_rule_first_ends(most, kind):
    scores = RNG.normal(size=100).astype("float32")
    scores = np.round(scores, 1) if kind == "tied" else scores
    negatives = {"unwanted": RNG.normal(2, 1, 8), "share": 0.1} if "with" in kind else {}
    chosen = false_alarm_threshold(
        scores, most, negatives.get("unwanted", ()), negatives.get("share", 0.0)
    )
    assert chosen == expected(scores, most, **negatives)


def test_a_count_that_is_allowed_exactly_is_used():
    scores = np.arange(100.0)
    assert flagged_share(scores, false_alarm_threshold(scores, 0.29)) == 0.29


def test_negatives_are_set_aside_as_far_as_the_unwanted_say():
    """90 positives score 0 to 89, 10 hidden negatives 1000, as do 9 of the 10 unwanted."""
    scores = np.concatenate([np.arange(90.0), np.full(10, 1000.0)])
    unwanted = np.array([1000.0] * 9 + [-1.0])
    assert false_alarm_threshold(scores, 0.1) == 89  # the 10 negatives use up the allowance
    # from 1000 down 10 * 9 / 11 are set aside; of the 9 allowed, 1.8 are used up by the rest
    assert false_alarm_threshold(scores, 0.1, np.array([2000.0] * 10), 0.1) == 81
    assert false_alarm_threshold(scores, 0.1, np.full(10, 500.0), 0.1) == 81
    assert false_alarm_threshold(scores, 0.1, unwanted, 0.1) == 89 - 7


def test_it_stops_at_the_first_stretch_of_positives():
    """Below it the unwanted would make up for them again: no reason to flag those above."""
    scores = np.concatenate([np.arange(80.0), np.arange(100.0, 120.0)])
    unwanted = np.full(50, 70.5)
    assert false_alarm_threshold(scores, 0.05, unwanted, 0.3) == 116


@pytest.mark.parametrize("unwanted_count", [5, 40])
def test_it_flags_no_more_positives_than_asked(unwanted_count):
    rng, achieved = np.random.default_rng(5), []
    for _ in range(30):
        positives, negatives = rng.normal(size=1800), rng.normal(3, 1, 200)
        unlabeled, unwanted = (
            np.concatenate([positives, negatives]),
            rng.normal(3, 1, unwanted_count),
        )
        share = SharePosterior.of(unlabeled, unwanted).quantile(CAUTIOUS)
        achieved.append(
            (positives > false_alarm_threshold(unlabeled, 0.05, unwanted, share)).mean()
        )
    assert np.mean(np.array(achieved) <= 0.075) >= 0.9
    assert np.median(achieved) > (0.01 if unwanted_count == 40 else 0.001)


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
        (([1.0], 0.1, [np.inf]), "unwanted_scores must be finite"),
        (([1.0], 0.1, [1.0], 1.0), r"share must be in \[0, 1\). Received: share=1.0"),
        (([1.0], 0.1, [1.0], -0.1), "share must be in"),
    ],
)
def test_what_is_refused(arguments, message):
    scores, most, *negatives = arguments
    with pytest.raises(ValueError, match=message):
        false_alarm_threshold(np.asarray(scores), most, *negatives)
