"""What the log odds of both folds tell: figures against counting, rules against known truths."""

import json

import numpy as np
import pytest
from counted_figures import counted_quality, shift_to
from scipy.stats import norm

from keras_vabc.nu.estimates import Estimates
from keras_vabc.nu.flagged import Flagged
from keras_vabc.nu.moving import LOST, LOST_BY_FEW, moving_cut
from keras_vabc.nu.posterior import SharePosterior
from keras_vabc.nu.separability import APART, TOLD, Separability
from keras_vabc.nu.stated import moving_in_words, share_in_words
from keras_vabc.nu.thresholds import CAUTIOUS, false_alarm_threshold

RNG = np.random.default_rng(31)


def drawn(share, apart, unlabeled, unwanted, rng=RNG):
    """`(unlabeled, unwanted, hidden)`: scores, and which of the unlabeled are negatives."""
    hidden = rng.random(unlabeled) < share
    return rng.normal(apart * hidden, 1), rng.normal(apart, 1, unwanted), hidden


def estimates_of(*folds):
    return Estimates(*folds[:2])


# Figures


def test_figures_are_what_counting_gives_at_shifted_odds():
    """Steep and lopsided odds: without the shift nearly every row would be flagged."""
    unlabeled, unwanted, _ = drawn(0.3, 2, 20_000, 3_000)
    unlabeled, unwanted = 20 * unlabeled + 50, 20 * unwanted + 50
    own = Estimates(unlabeled, unwanted)
    share = own.posterior.median
    assert own.shift == pytest.approx(shift_to(share, unlabeled))
    assert own.shift < -50
    assert own.attributes["negative_share"] == share
    assert own.attributes["negative_share_interval"] == own.posterior.interval
    quality = own.attributes["cross_validation"]
    expected = counted_quality(unlabeled, unwanted, share, own.shift)
    assert {name: quality[name] for name in expected} == pytest.approx(expected, abs=0.03)
    assert quality["recall"] == expected["recall"]
    assert quality["auc"] == pytest.approx(expected["auc"])
    for name in ("recall", "false_alarms"):
        assert quality[f"{name}_low"] < quality[name] < quality[f"{name}_high"]
    assert 0 < quality["precision_low"] < quality["precision_high"] < 1
    json.dumps(own.attributes, allow_nan=False)


def test_where_nothing_is_hidden_all_that_is_moved_may_be_wanted():
    rng = np.random.default_rng(77)
    covered, acting = [], []
    for _ in range(60):
        own = estimates_of(*drawn(0, 3, 2000, int(rng.integers(10, 60)), rng))
        covered.append(own.posterior.interval[0] == 0)
        if own.moving_cut is not None:
            found = own.above(own.moving_cut)
            acting.append(found.wanted[2] == found.rows)
    assert np.mean(covered) >= 0.93
    assert len(acting) > 20 and np.mean(acting) >= 0.93


@pytest.mark.parametrize(
    "folds",
    [
        (np.zeros(40), np.zeros(40)),
        (np.arange(40.0), np.arange(40.0)),
        (np.arange(200.0), np.arange(300.0, 305.0)),
        (np.concatenate([np.zeros(90), np.ones(10)]), np.ones(2)),
    ],
)
def test_degenerate_folds_have_figures(folds):
    json.dumps(Estimates(*folds).attributes, allow_nan=False)
    text, _ = moving_in_words(Estimates(*folds))
    assert text.startswith("moves")


def test_the_interval_of_the_flagged_covers_the_truth():
    rng, held = np.random.default_rng(3), {"recall": [], "wanted": [], "false_alarms": []}
    for _ in range(60):
        unlabeled, unwanted, hidden = drawn(0.1, 2.5, 3000, 30, rng)
        found = Flagged.above(1.5, unlabeled, unwanted, SharePosterior.of(unlabeled, unwanted))
        above = unlabeled > 1.5
        truth = {
            "recall": above[hidden].mean(),
            "wanted": (above & ~hidden).sum(),
            "false_alarms": above[~hidden].mean(),
        }
        for name, value in truth.items():
            low, _, high = getattr(found, name)
            held[name].append(low <= value <= high)
    assert min(np.mean(one) for one in held.values()) >= 0.9


def test_false_alarms_are_those_of_the_data_that_the_unlabeled_were_drawn_from():
    """Not of these few rows alone: an interval that takes them for all covers three of four."""
    rng, held = np.random.default_rng(3), []
    for _ in range(60):
        unlabeled, unwanted, _ = drawn(0.05, 4, 150, 40, rng)
        posterior = SharePosterior.of(unlabeled, unwanted)
        low, _, high = Flagged.above(1.2, unlabeled, unwanted, posterior).false_alarms
        held.append(low <= norm.sf(1.2) <= high)
    assert np.mean(held) >= 0.93


def test_flagged_counts_rows_above_and_not_at_the_cut():
    unlabeled, unwanted = np.array([1.0, 2, 3, 3]), np.array([3.0, 3.5])
    found = Flagged.above(3.0, unlabeled, unwanted, SharePosterior.of(unlabeled, unwanted))
    assert (found.rows, found.unlabeled, found.unwanted) == (0, 4, 2)
    assert found.wanted == (0, 0, 0)


# How far apart


def test_separability_is_the_area_and_its_bounds():
    unlabeled, unwanted, _ = drawn(0.2, 3, 20_000, 100)
    posterior = SharePosterior.of(unlabeled, unwanted)
    own = Separability.of(unlabeled, unwanted, posterior)
    raw = np.searchsorted(np.sort(unlabeled), unwanted).mean() / len(unlabeled)
    for bound, share in ((own.low, posterior.median), (own.least, posterior.quantile(0.025))):
        area = (raw - share / 2) / (1 - share)
        error = max((area * (1 - area) / 100) ** 0.5, 0.003)
        assert bound == pytest.approx(area - 1.645 * error)
    assert own.apart and own.told
    assert own.auc == pytest.approx(0.983, abs=0.02)


def test_five_examples_never_tell_much():
    own = Separability.of(np.arange(100.0), np.full(5, 200.0), None)
    assert own.auc == 1
    assert own.low == own.least == pytest.approx(1 - 1.645 * 0.06)


def test_positives_that_look_like_the_unwanted_are_no_negatives():
    """A ranking that knows animals, not cats: most of what scores as the 9 % of cats do is none."""
    rng = np.random.default_rng(8)
    sizes = {2.4: 900, 1.9: 4700, -0.5: 4400}
    unlabeled = np.concatenate([rng.normal(mean, 1, size) for mean, size in sizes.items()])
    own = Estimates(unlabeled, rng.normal(2.4, 1, 190))
    assert own.posterior.median > 0.3
    assert own.separability.auc > APART - 0.05  # if all of these were negatives
    assert not own.separability.told
    assert not own.separability.apart
    assert own.moving_cut is None
    assert own.cautious_share == 0


# Moving


@pytest.mark.parametrize("unwanted", [8, 50, 51, 1000])
def test_rows_that_are_moved_are_as_many_as_the_share_or_as_cost_few(unwanted):
    unlabeled, known, hidden = drawn(0.1, 3.5, 20_000, unwanted)
    posterior = SharePosterior.of(unlabeled, known)
    own = Separability.of(unlabeled, known, posterior)
    moved = unlabeled > moving_cut(unlabeled, known, posterior, own)
    most = LOST_BY_FEW if unwanted <= 50 else LOST
    allowed = false_alarm_threshold(unlabeled, most, known, posterior.quantile(CAUTIOUS))
    assert moved.sum() == min(int(posterior.median * 20_000), (unlabeled > allowed).sum())
    assert moved[hidden].mean() > 0.2
    assert moved[~hidden].mean() < 0.04


def test_scores_that_tell_nothing_move_nothing():
    for unwanted in (5, 100):
        for folds in (drawn(0.1, 0, 2000, unwanted), (np.zeros(500), np.zeros(unwanted))):
            own = estimates_of(*folds)
            assert own.moving_cut is None
            text, wanted = moving_in_words(own)
            assert "moves no unlabeled example" in text and "Review the 50" in text
            assert wanted is None


def test_without_negatives_next_to_nothing_is_moved():
    unlabeled, unwanted = RNG.normal(size=5000), RNG.normal(5, 1, 60)
    cut = Estimates(unlabeled, unwanted).moving_cut
    assert cut is None or (unlabeled > cut).mean() < 0.01


def test_wanted_rows_are_lost_seldom_by_few_unwanted():
    rng, lost = np.random.default_rng(4), []
    for apart in (1.5, 2.5, 4):
        for _ in range(15):
            unlabeled, unwanted, hidden = drawn(0.15, apart, 2000, int(rng.integers(5, 30)), rng)
            cut = Estimates(unlabeled, unwanted).moving_cut
            lost.append(0 if cut is None else (unlabeled[~hidden] > cut).mean())
    assert np.mean(lost) < 0.005
    assert max(lost) < 0.04
    assert np.count_nonzero(lost) > 2


# In words


def quality(low, least, unwanted=20):
    return {"auc_low": low, "auc_least": least, "unwanted": float(unwanted)}


def test_the_share_is_a_number_only_where_the_concepts_are_apart():
    apart = share_in_words(0.1, (0.08, 0.12), quality(APART, TOLD, 1195))
    assert (
        apart == "10.00% (8.00% to 12.00%, 95 %, by 1,195 unwanted examples, if these are typical)"
    )
    for low, least in ((APART - 0.001, TOLD), (APART, TOLD - 0.001)):
        said = share_in_words(0.1, (0.08, 0.12), quality(low, least))
        assert said.startswith("at most 12.00% (95 %, by 20 unwanted examples")
        assert "10.00%" not in said
    lost = share_in_words(0.4, (0.1, 0.7), quality(0.5, 0.5, 8))
    assert lost == "can't tell from 8 unwanted examples: review 50 more"


def test_the_share_of_an_earlier_version_is_said_with_its_interval():
    for old in (None, {"auc": 0.9}):
        assert share_in_words(0.1, (0.08, 0.12), old) == "10.00% (8.00% to 12.00%)"


def test_moving_is_said_with_its_interval():
    own = estimates_of(*drawn(0.1, 4, 5000, 100))
    text, (low, high) = moving_in_words(own)
    rows = own.above(own.moving_cut).rows
    assert text == (
        f"moves {rows:,} of 5,000 unlabeled examples to the unwanted; {low:,} to {high:,} of these "
        "are wanted (95 %, by 100 unwanted examples, if these are typical)"
    )
    assert 0 <= low < high <= rows
