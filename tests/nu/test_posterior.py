"""The posterior of the share, against a plain computation, known shares and what ranks nothing."""

import numpy as np
import pytest
from scipy.stats import beta, norm

from keras_vabc.nu.posterior import BOOTSTRAPS, CUTS, FAILURE, SharePosterior, unlabeled_above

RNG = np.random.default_rng(21)


def drawn(share, apart, unlabeled, unwanted, slope=1.0, rng=RNG):
    """Scores of both folds: negatives of N(apart, 1), positives of N(0, slope)."""
    hidden = rng.binomial(unlabeled, share)
    positives = rng.normal(0, slope, unlabeled - hidden)
    return np.concatenate([rng.normal(apart, 1, hidden), positives]), rng.normal(apart, 1, unwanted)


def plain_posterior(unlabeled, unwanted, shares, levels, ranks):
    """One point of the grid at a time, without bootstraps: probabilities of the shares."""
    ordered = np.sort(unwanted)[::-1]
    counts = [int((unlabeled > ordered[rank - 1]).sum()) for rank in ranks]
    counts = np.diff([0, *counts, len(unlabeled)])
    found = []
    for share in shares:
        total = 0.0
        for height in np.linspace(-0.5, 5.5, 31):
            for slope in np.linspace(-0.8, 0.8, 9):
                alarms = norm.cdf(np.exp(slope) * norm.ppf(levels) - height)
                kept = share * levels + (1 - share) * alarms
                parts = np.clip(np.diff([0, *kept, 1]), 1e-9, 1)
                prior = norm.logpdf(slope, scale=0.35)
                total += np.exp(counts @ np.log(parts) + prior)
        found.append(total)
    return np.array(found) / np.sum(found)


def test_it_is_the_multinomial_posterior_of_a_binormal_curve(monkeypatch):
    """Two unwanted scores of one value have one bootstrap: their own."""
    unlabeled = np.concatenate([RNG.normal(2, 1, 6), RNG.normal(0, 1, 40)])
    unwanted = np.array([1.7, 1.7 + 1e-9, 1.7 - 1e-9])
    posterior = SharePosterior.of(unlabeled, unwanted)
    ranks = [1, 2, 3]
    levels = np.array(ranks) / 4
    expected = plain_posterior(unlabeled, unwanted, posterior.shares, levels, ranks)
    np.testing.assert_allclose(posterior.probabilities, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("share", "apart", "unwanted", "slope"),
    [(0.1, 2.5, 8, 1.0), (0.05, 3.0, 40, 1.2), (0.3, 1.5, 40, 1.0), (0.1, 3.0, 400, 0.8)],
)
def test_its_interval_covers_known_shares(share, apart, unwanted, slope):
    rng = np.random.default_rng(7)
    intervals = [
        SharePosterior.of(*drawn(share, apart, 2000, unwanted, slope, rng)).interval
        for _ in range(60)
    ]
    covered = np.mean([low <= share <= high for low, high in intervals])
    assert covered >= 0.9


def test_its_estimate_is_near_where_the_concepts_are_apart():
    found = [SharePosterior.of(*drawn(0.1, 3.5, 5000, 200)) for _ in range(20)]
    assert np.median([one.median for one in found]) == pytest.approx(0.1, rel=0.1)
    lows, highs = np.transpose([one.interval for one in found])
    assert np.median(highs - lows) < 0.05


def test_scores_without_a_doubt_give_the_share_that_is_counted():
    """Perfect: 300 of 3,000 lie above everything else, as do all 100 unwanted."""
    unlabeled = np.concatenate([RNG.normal(0, 1, 2700), RNG.normal(20, 1, 300)])
    posterior = SharePosterior.of(unlabeled, RNG.normal(20, 1, 100))
    low, high = posterior.interval
    assert low < 0.1 < high < 0.15
    assert posterior.median == pytest.approx(0.1, rel=0.1)


def test_scores_that_rank_nothing_leave_every_share_possible():
    for unlabeled, unwanted in (
        (RNG.normal(size=2000), RNG.normal(size=50)),
        (np.zeros(2000), np.zeros(50)),
        (np.full(2000, 0.25, "float32"), np.full(5, 0.25, "float32")),
    ):
        low, high = SharePosterior.of(unlabeled, unwanted).interval
        assert low < 0.02
        assert high == 1


def test_without_negatives_the_interval_begins_at_0():
    for unwanted in (5, 50):
        low, high = SharePosterior.of(RNG.normal(size=3000), RNG.normal(4, 1, unwanted)).interval
        assert low == 0
        assert high < 0.05 if unwanted == 50 else high < 0.5


def test_few_unwanted_widen_the_interval():
    widths = {}
    for count in (5, 20, 500):
        found = [SharePosterior.of(*drawn(0.1, 3, 2000, count)).interval for _ in range(10)]
        widths[count] = np.median([high - low for low, high in found])
    assert min(widths[5], widths[20]) > 1.2 * widths[500]


def test_it_is_the_mean_over_draws_of_the_unwanted():
    """An unwanted example far below the others is missing from some draws."""
    unlabeled = np.concatenate([RNG.normal(0, 1, 900), RNG.normal(6, 0.1, 100)])
    unwanted = np.array([6.0, 6.1, 5.9, 6.05, 0.5])
    whole = SharePosterior.of(unlabeled, unwanted)
    assert BOOTSTRAPS >= 20
    assert whole.quantile(0.1) < 0.12  # of draws without the outlier
    assert whole.quantile(0.9) > 0.11


def test_the_bound_is_clopper_pearsons_at_the_best_cut():
    unlabeled, unwanted = np.arange(1000.0), np.array([*range(950, 990, 2)], "float64")
    best = 1.0
    for part in CUTS:
        kept = round(part * 20)
        above = int((unlabeled > np.sort(unwanted)[-kept]).sum())
        # one example ties with the cut: half of it may lie above
        high = beta.ppf(1 - FAILURE, above + 2, 1000 - above - 1)
        best = min(best, high / beta.ppf(FAILURE, kept, 20 - kept + 1))
    assert SharePosterior.of(unlabeled, unwanted).bound == pytest.approx(best)


def test_the_interval_never_ends_below_the_bound():
    """A curve whose highest positives are many: the posterior alone would be too sure."""
    unlabeled = np.concatenate([RNG.normal(6, 0.3, 150), RNG.normal(0, 1, 1850)])
    for _ in range(5):
        posterior = SharePosterior.of(unlabeled, RNG.normal(6, 0.3, 6))
        assert posterior.interval[1] >= posterior.bound
        assert posterior.interval[1] >= posterior.quantile(0.975)


@pytest.mark.parametrize("seed", [1, 2])
def test_ties_are_ranked_as_a_draw_would_on_average(seed):
    rng = np.random.default_rng(seed)
    unlabeled, unwanted = rng.integers(0, 4, 500).astype("float32"), np.array([3.0, 2, 2, 0])
    expected = np.zeros(4)
    for _ in range(400):
        noise = rng.random(500), rng.random(4)
        own = [x + 0.5 * n for x, n in zip((unlabeled, unwanted), noise, strict=True)]
        expected += np.sort([(own[0] > one).sum() for one in own[1]]) / 400
    np.testing.assert_allclose(unlabeled_above(unlabeled, unwanted), expected, atol=30)
    assert unlabeled_above(unlabeled, unwanted)[0] == (unlabeled == 3).sum() / 2


def test_float32_and_float64_scores_are_compared_as_numbers():
    """1 / 3 is another number in float32, and above that of float64."""
    third = np.full(100, 1 / 3, "float32")
    assert (unlabeled_above(third, np.array([1 / 3, 0.1])) == [100, 100]).all()


def test_it_is_the_same_on_every_call_and_quick():
    folds = drawn(0.1, 2, 100_000, 5_000)
    first, again = (SharePosterior.of(*folds) for _ in range(2))
    assert first.probabilities.tobytes() == again.probabilities.tobytes()
