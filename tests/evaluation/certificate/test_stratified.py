"""The bound from two strata: by enumeration, against the plain one, and where it cannot help."""

import numpy as np
import pytest
from scipy.stats import binom

from keras_vabc.evaluation.certificate.bounds import upper_bound
from keras_vabc.evaluation.certificate.stratified import is_excluded, stratified_bound


def test_it_holds_for_every_split_of_the_share_by_enumeration():
    """All outcomes of a small design, at shares that lie in one stratum, in both, or evenly."""
    weight, first, second = 0.2, 6, 8
    bounds = {
        (k, m): stratified_bound((k, first), (m, second), weight, 0.1)
        for k in range(first + 1)
        for m in range(second + 1)
    }
    worst = 0.0
    for p1, p2 in [(0.9, 0.0), (0.5, 0.1), (0.3, 0.3), (0.0, 0.2), (0.15, 0.14), (1.0, 0.02)]:
        share = weight * p1 + (1 - weight) * p2
        failing = sum(
            binom.pmf(k, first, p1) * binom.pmf(m, second, p2)
            for (k, m), bound in bounds.items()
            if bound < share - 1e-7
        )
        assert failing <= 0.1
        worst = max(worst, failing)
    assert worst > 0.03


@pytest.mark.parametrize("sizes", [(30, 270), (100, 200), (10, 290)])
def test_with_nothing_found_the_best_design_is_the_proportional_one(sizes):
    bound, best = stratified_bound((0, sizes[0]), (0, sizes[1]), 0.1), upper_bound(0, 300)
    if sizes == (30, 270):
        assert bound == pytest.approx(best, rel=0.02)
    else:
        assert bound > 1.3 * best
    # all of the share in the stratum of which the least is known
    most = max(0.1 * upper_bound(0, sizes[0]), 0.9 * upper_bound(0, sizes[1]))
    assert bound == pytest.approx(most, rel=0.03)


def test_it_helps_where_much_is_found_and_most_of_it_in_the_suspicious_stratum():
    assert stratified_bound((14, 50), (0, 250), 0.1) < 0.95 * upper_bound(9, 300)
    assert stratified_bound((225, 500), (3, 500), 0.1) < 0.98 * upper_bound(50, 1000)
    assert stratified_bound((1, 50), (9, 250), 0.1) > upper_bound(10, 300)  # it tells nothing


def test_a_share_is_excluded_where_it_is_above_the_bound():
    for pairs in (((0, 30), (0, 40)), ((5, 30), (1, 40)), ((30, 30), (1, 40)), ((1, 30), (40, 40))):
        bound = stratified_bound(*pairs, 0.3)
        assert is_excluded(bound + 1e-6, *pairs, 0.3) and not is_excluded(bound - 1e-6, *pairs, 0.3)
    assert not is_excluded(1.0, (3, 3), (4, 4), 0.3) and not is_excluded(0.0, (0, 3), (0, 4), 0.3)


def test_it_rises_with_what_is_found_and_is_one_if_all_is():
    rising = [stratified_bound((k, 10), (1, 20), 0.3) for k in range(11)]
    assert np.all(np.diff(rising) > 0) and rising[-1] < 1
    assert stratified_bound((10, 10), (20, 20), 0.3) == 1
    assert stratified_bound((1, 10), (1, 20), 0.3, 0.01) > rising[1]


@pytest.mark.parametrize(
    "pairs, weight, message",
    [
        (((0, 0), (0, 9)), 0.1, "must have reviewed samples. Received: 0 and 9"),
        (((2, 1), (0, 9)), 0.1, "found must be a whole number <= 1"),
        (((0, 1), (0, 9)), 1.0, r"weight must be in \(0, 1\)"),
    ],
)
def test_what_cannot_be_is_refused(pairs, weight, message):
    with pytest.raises(ValueError, match=message):
        stratified_bound(*pairs, weight)
