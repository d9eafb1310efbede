"""Bounds of a share from a count: against SciPy's tests, by enumeration, and at their ends."""

import bisect

import numpy as np
import pytest
from scipy.stats import beta, binom, binomtest, hypergeom

from keras_vabc.evaluation.certificate.bounds import (
    any_time_bound,
    attempt_error,
    lower_bound,
    remaining_interval,
    upper_bound,
)

COUNTS = [(0, 1), (1, 1), (0, 300), (3, 300), (150, 300), (299, 300), (300, 300), (40, 3300)]


@pytest.mark.parametrize("found, reviewed", COUNTS)
@pytest.mark.parametrize("error", [0.05, 0.04, 0.008])
def test_both_bounds_are_those_of_the_exact_test(found, reviewed, error):
    exact = {
        side: binomtest(found, reviewed, alternative=side).proportion_ci(1 - error, "exact")
        for side in ("less", "greater")
    }
    assert upper_bound(found, reviewed, error) == pytest.approx(exact["less"].high, rel=1e-9)
    assert lower_bound(found, reviewed, error) == pytest.approx(exact["greater"].low, rel=1e-9)


def test_nothing_found_has_the_figures_that_are_promised():
    assert upper_bound(0, 300, attempt_error(1)) == pytest.approx(0.01067, abs=5e-6)
    assert upper_bound(0, 3300, attempt_error(1)) < 0.001 < upper_bound(0, 3200, attempt_error(1))
    assert [round(100 * any_time_bound(0, n), 2) for n in (300, 1000, 3000)] == [1.22, 0.42, 0.16]


@pytest.mark.parametrize("share", [0.012, 0.02, 0.2])
def test_the_fixed_plan_fails_with_at_most_its_error_by_enumeration(share):
    found = np.arange(301)
    failing = [upper_bound(int(k), 300) < share for k in found]
    low = [lower_bound(int(k), 300) > share for k in found]
    assert 0 < binom.pmf(found, 300, share)[failing].sum() <= 0.05
    assert 0 < binom.pmf(found, 300, share)[low].sum() <= 0.05


def ever_failing(share, reviewed, error):
    """Probability that the bound falls below the true share at any moment, step by step."""
    alive, failed = np.zeros(reviewed + 2), 0.0
    alive[0] = 1.0
    bounds = {}
    for n in range(1, reviewed + 1):
        alive[1:] = alive[1:] * (1 - share) + alive[:-1] * share
        alive[0] *= 1 - share
        for k in np.flatnonzero(alive[: int(share * n) + 1] > 0):
            bounds[n, k] = any_time_bound(int(k), n, error)
            if bounds[n, k] < share:
                failed, alive[k] = failed + alive[k], 0.0
    return failed


@pytest.mark.parametrize("share", [0.03, 0.1])
def test_the_any_time_bound_seldom_ever_fails(share):
    assert 0.01 < ever_failing(share, 120, 0.05) <= 0.05
    assert ever_failing(share, 120, 0.2) > 0.05


@pytest.mark.parametrize("found, reviewed", [(0, 40), (1, 40), (7, 300), (30, 40), (3, 3300)])
def test_the_any_time_bound_is_where_the_densities_have_the_ratio(found, reviewed):
    share = any_time_bound(found, reviewed, 0.05)
    prior = beta.logpdf(share, 0.5, 100)
    posterior = beta.logpdf(share, 0.5 + found, 100 + reviewed - found)
    assert prior - posterior == pytest.approx(np.log(20), abs=1e-6)
    assert share > upper_bound(found, reviewed, 0.05) > found / reviewed


def test_who_stops_at_will_fails_with_the_fixed_bound_and_not_with_the_other():
    """Looking after each of 400 items: the fixed bound is then broken far more often."""
    rng, share = np.random.default_rng(3), 0.05
    counts = (rng.random((1000, 300)) < share).cumsum(axis=1)
    failing = {}
    for bound in (upper_bound, any_time_bound):
        least = [  # that must be found for the bound not to fail
            bisect.bisect_left(range(n), True, key=lambda k, n=n, bound=bound: bound(k, n) >= share)
            for n in range(1, 301)
        ]
        failing[bound] = (counts < least).any(axis=1).mean()
    assert failing[upper_bound] > 0.12 and failing[any_time_bound] < 0.05


def test_bounds_rise_with_what_is_found_and_fall_with_what_is_reviewed():
    for bound in (upper_bound, lower_bound, any_time_bound):
        by_found = [bound(k, 50) for k in range(51)]
        assert np.all(np.diff(by_found) >= -1e-12) and by_found[0] < by_found[25] < by_found[50]
        by_reviewed = [bound(2, n) for n in range(2, 400)]
        assert np.all(np.diff(by_reviewed) <= 1e-12) and by_reviewed[0] > by_reviewed[-1]
        assert bound(2, 50, 0.01) != bound(2, 50, 0.1)


def test_nothing_reviewed_tells_nothing_and_everything_found_is_everything():
    assert upper_bound(0, 0) == any_time_bound(0, 0) == 1 and lower_bound(0, 0) == 0
    assert upper_bound(9, 9) == any_time_bound(9, 9) == 1 and lower_bound(9, 9) > 0.7


def test_the_errors_of_all_attempts_are_together_five_percent():
    errors = [attempt_error(attempt) for attempt in range(1, 40)]
    assert errors[:3] == pytest.approx([0.04, 0.008, 0.0016]) and sum(errors) == pytest.approx(0.05)
    assert attempt_error(1, "left") == pytest.approx(0.01) and attempt_error(1, "any time") == 0.05
    for number in (1, 2, 5):
        both = attempt_error(number) + attempt_error(number, "left")
        assert both == pytest.approx(attempt_error(number, "any time"))


@pytest.mark.parametrize("found, reviewed, total", [(0, 20, 60), (2, 20, 60), (19, 20, 60)])
def test_what_remains_is_what_the_hypergeometric_test_does_not_exclude(found, reviewed, total):
    held = [
        rest
        for rest in range(total - reviewed + 1)
        if hypergeom.pmf(range(found + 1), total, found + rest, reviewed).sum() > 0.025
        and hypergeom.pmf(range(found, reviewed + 1), total, found + rest, reviewed).sum() > 0.025
    ]
    assert remaining_interval(found, reviewed, total) == (held[0], held[-1])
    assert held == list(range(held[0], held[-1] + 1))


@pytest.mark.parametrize("unwanted", [0, 1, 8, 30, 60])
def test_the_interval_of_what_remains_holds_by_enumeration(unwanted):
    covered = 0.0
    for found in range(max(0, unwanted - 40), min(20, unwanted) + 1):
        low, high = remaining_interval(found, 20, 60)
        if low <= unwanted - found <= high:
            covered += hypergeom.pmf(found, 60, unwanted, 20)
    assert covered >= 0.95


def test_what_remains_at_the_ends():
    assert remaining_interval(0, 0, 10) == (0, 10)
    assert remaining_interval(0, 10, 10) == remaining_interval(10, 10, 10) == (0, 0)
    low, high = remaining_interval(0, 100, 100_000)
    assert low == 0 and 3500 < high < 3700  # 1 - .025 ** .01 is 3.6 %
    assert remaining_interval(20, 20, 60)[1] == 40


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: upper_bound(4, 3), "found must be a whole number <= 3. Received: found=4"),
        (lambda: any_time_bound(-1, 3), "found must be a whole number >= 0"),
        (lambda: lower_bound(1, 3.5), "reviewed must be a whole number"),
        (lambda: upper_bound(1, 3, 1.0), r"error must be in \(0, 1\). Received: error=1.0"),
        (lambda: remaining_interval(0, 5, 4), "total must be a whole number >= 5"),
        (lambda: attempt_error(0), "attempt must be a whole number >= 1"),
        (lambda: attempt_error(1, "free"), "kind must be one of fixed, left, any time"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
