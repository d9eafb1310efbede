"""The share of unwanted samples without labels: of known shares, and where it cannot be told."""

import numpy as np
import pytest

from keras_vabc.evaluation.unwanted_share import unwanted_share

RNG = np.random.default_rng(0)


def points(count, shift):
    return (RNG.normal(size=(count, 4)) + [shift, 0, 0, 0]).astype("float32")


def estimated(share, apart, seed=5):
    """The estimate of a share among 1,500 samples, where the two kinds are so far apart."""
    count = round(1500 * share)
    samples = np.concatenate([points(1500 - count, 0), points(count, apart)])
    known = points(800, 0), points(300, apart), points(2000, 0), points(300, apart)
    return unwanted_share(samples, *known, points(1000, 0), seed)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 1.0])
def test_a_known_share_lies_in_the_interval(share):
    found = estimated(share, apart=4).share
    assert found.low - 1e-9 <= share <= found.high and found.low <= found.value <= found.high
    assert found.value == pytest.approx(share, abs=0.03) and found.high - found.low < 0.08


def test_the_share_is_corrected_for_a_judge_that_misses_many():
    found = estimated(0.3, apart=2.5)
    assert found.recall < 0.7 and found.flagged < 0.25
    assert found.share.low < 0.3 < found.share.high


def test_intervals_hold_the_share_in_most_draws():
    holding = [
        found.low <= 0.1 <= found.high
        for found in (estimated(0.1, apart=3, seed=seed).share for seed in range(20))
    ]
    assert np.mean(holding) >= 0.85


def test_what_cannot_be_told_may_be_anything():
    found = estimated(0.3, apart=0).share
    assert found.low == 0 and found.high > 0.5


def test_samples_without_false_alarms_are_not_told_to_be_perfect():
    """They are more typical than wanted rows, of which the judge flags some."""
    samples = 0.1 * points(1500, 0)
    known = points(800, 0), points(300, 4), points(2000, 0), points(300, 4)
    found = unwanted_share(samples, *known, points(1000, 0))
    assert found.flagged == 0 and found.share.value == 0 and 0.0005 < found.share.high < 0.01


def test_samples_that_are_flagged_as_blurred_wanted_rows_accuse_nobody():
    """Their share may be high for all that is known, but it is not said to be."""
    known = points(800, 0), points(300, 4), points(2000, 0), points(300, 4)
    found = unwanted_share(points(1500, 1.5), *known, points(1000, 1.5))
    assert found.flagged > 5 * found.false_alarms and found.share.value > 0.05
    assert found.share.low < 0.02
    assert unwanted_share(points(1500, 1.5), *known, points(1000, 0)).share.low > 0.05
