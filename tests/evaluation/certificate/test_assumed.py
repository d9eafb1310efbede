"""Bounds under an assumption: their values, and how they fail where it does not hold."""

import numpy as np
import pytest
from scipy.stats import beta

from keras_vabc.evaluation.certificate.assumed import guarded_bound, sensitivity_bound
from keras_vabc.evaluation.certificate.bounds import upper_bound

RNG = np.random.default_rng(11)


def test_the_bound_is_that_of_the_share_found_over_that_of_the_sensitivity():
    share = beta.ppf(1 - 0.045, 2 + 1, 300 - 2)
    sensitivity = beta.ppf(0.005, 45, 6)
    assert sensitivity_bound(2, 300, 45, 50) == pytest.approx(share / sensitivity, rel=1e-9)
    assert sensitivity_bound(2, 300, 45, 50, 0.04) > sensitivity_bound(2, 300, 45, 50)


def test_a_reviewer_who_misses_more_gets_a_higher_bound():
    bounds = [sensitivity_bound(1, 300, caught, 20) for caught in range(20, -1, -1)]
    assert np.all(np.diff(bounds) >= 0) and bounds[-1] == 1 and bounds[0] > upper_bound(1, 300)
    assert sensitivity_bound(0, 300, 0, 0) == 1  # nothing planted: nothing known of the eye
    assert sensitivity_bound(300, 300, 20, 20) == sensitivity_bound(0, 0, 20, 20) == 1


def failing(share, sensitivity, planted_sensitivity, count=2000):
    """How often the bound is below the true share, where a reviewer sees so much of each kind."""
    found = RNG.binomial(300, share * sensitivity, count)
    caught = RNG.binomial(60, planted_sensitivity, count)
    pairs = {(int(k), int(c)) for k, c in zip(found, caught, strict=True)}
    bounds = {pair: sensitivity_bound(pair[0], 300, pair[1], 60) for pair in pairs}
    return np.mean([bounds[int(k), int(c)] < share for k, c in zip(found, caught, strict=True)])


def test_the_sensitivity_bound_holds_where_planted_items_are_as_easy_to_see():
    assert failing(0.04, 0.7, 0.7) <= 0.06
    assert failing(0.04, 0.5, 1.0) > 0.3  # planted ones are easier: it fails, as is said


def test_the_guarded_bound_is_of_three_bounds():
    share = beta.ppf(1 - 0.0225, 21, 280)
    passing = beta.ppf(1 - 0.0225, 1, 50)
    accepted = beta.ppf(0.005, 300, 31)
    value = guarded_bound((20, 300), (0, 50), (300, 330))
    assert value == pytest.approx(share * passing / accepted, rel=1e-9)
    assert value < upper_bound(0, 300)


def test_the_guarded_bound_at_its_ends():
    assert guarded_bound((0, 0), (0, 0), (0, 0)) == 1
    assert guarded_bound((0, 300), (0, 50), (0, 100)) == 1  # nothing passes: nothing is said
    assert guarded_bound((300, 300), (50, 50), (10, 10)) == 1
    by_passed = [guarded_bound((5, 300), (b, 50), (90, 100)) for b in range(51)]
    assert np.all(np.diff(by_passed) > 0)
    by_accepted = [guarded_bound((5, 300), (1, 50), (a, 100)) for a in range(1, 101)]
    assert np.all(np.diff(by_accepted) <= 0)


def guard_failing(share, passing, held_out_passing, count=500):
    """How often it is below the truth, where the guard lets such shares of unwanted items pass."""
    accepted = 0.95 * (1 - share) + passing * share
    truth = share * passing / accepted
    unguarded = RNG.binomial(300, share, count)
    passed = RNG.binomial(200, held_out_passing, count)
    drawn = RNG.binomial(10_000, accepted, count)
    pairs = zip(unguarded, passed, drawn, strict=True)
    return np.mean(
        [guarded_bound((int(k), 300), (int(b), 200), (int(a), 10_000)) < truth for k, b, a in pairs]
    )


def test_the_guarded_bound_holds_under_its_assumption_and_fails_without():
    assert guard_failing(0.1, 0.1, 0.1) <= 0.06
    assert guard_failing(0.1, 0.5, 0.1) > 0.9


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: sensitivity_bound(0, 10, 3, 2), "caught must be a whole number <= 2"),
        (lambda: sensitivity_bound(0, 10, 0, -1), "planted must be a whole number >= 0"),
        (lambda: guarded_bound((1, 0), (0, 5), (1, 2)), "found must be a whole number <= 0"),
        (lambda: guarded_bound((0, 9), (6, 5), (1, 2)), "found must be a whole number <= 5"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
