"""The guard that a recipe's cut asks for, and what is preferred."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import logit

from keras_vabc.recipes.generation import guarded, left_share, preferred, remaining_share, thinned
from keras_vabc.recipes.own_data import recipe_for

RNG = np.random.default_rng(12)
IMAGES = RNG.integers(0, 255, (300, 6, 6, 1), dtype="uint8")
NU = SimpleNamespace(negative_probability=lambda x: x)


def folds(probabilities, unwanted=(1.0,)):
    return SimpleNamespace(
        test_unlabeled=np.asarray(probabilities), test_unwanted=np.asarray(unwanted)
    )


@pytest.mark.parametrize("rows", [1, 40, 1000, 1001])
def test_it_rejects_no_more_than_the_cut_and_one_row_less_would_be_more(rows):
    held_out = RNG.permutation(np.linspace(0.001, 0.49, rows))
    recipe = dataclasses.replace(recipe_for("quality", IMAGES), cut=0.03)
    guard = guarded(recipe, NU, folds(held_out)).guard
    rejected = int((held_out > guard).sum())
    assert rejected == int(0.03 * rows) and guard in held_out


def test_a_classifier_without_doubts_leaves_a_guard_in_its_range():
    assert guarded(recipe_for("quality", IMAGES), NU, folds(np.zeros(50))).guard == 1e-6


def test_without_a_cut_or_a_classifier_the_guard_stays():
    recipe = recipe_for("quality", IMAGES)
    assert recipe.cut == 0.03
    assert guarded(recipe, None, folds([0.1])) is recipe
    uncut = dataclasses.replace(recipe, cut=None)
    assert guarded(uncut, NU, folds([0.1])) is uncut
    vectors = IMAGES[:, 0, :, 0].astype("float32")
    assert recipe_for("quality", vectors).cut == 0.05


def test_it_costs_more_where_it_would_let_the_unwanted_pass():
    """Of 100 unwanted ones the 10 least alike may pass; 81 of 200 wanted are more like them."""
    recipe = recipe_for("quality", IMAGES)
    wanted, unwanted = RNG.permutation(200) / 200, 0.5 + RNG.permutation(100) / 100
    found = guarded(recipe, NU, folds(wanted, unwanted))
    assert found.guard == pytest.approx(0.59) and found.cut == pytest.approx(0.405)
    assert (unwanted > found.guard).sum() == 90
    assert found == dataclasses.replace(recipe, guard=found.guard, cut=found.cut)


def test_what_a_dearer_guard_must_catch_is_told_by_the_known_ones_out_of_fold():
    """By the five held-out ones it would be at 0.6; of the known ones a tenth lies below 0.55."""
    recipe = recipe_for("quality", IMAGES)
    nu = Told(0.0, None)
    known = RNG.permutation(np.linspace(0.5, 0.999, 100))
    nu.estimates.shift = -0.7
    nu.out_of_fold = np.zeros(3), logit(known) + 0.7
    wanted = RNG.permutation(200) / 200
    found = guarded(recipe, nu, folds(wanted, [0.6, 0.7, 0.8, 0.9, 0.95]))
    assert (known >= found.guard).sum() == 91
    assert found.cut == pytest.approx((wanted > found.guard).mean())


def test_it_never_costs_more_than_half():
    wanted, unwanted = RNG.permutation(200) / 200, np.full(30, 0.2)
    found = guarded(recipe_for("quality", IMAGES), NU, folds(wanted, unwanted))
    assert found.cut == 0.5 and (wanted > found.guard).sum() == 100


@pytest.mark.parametrize(("share", "expected"), [(0.3, 0.1), (0.04, 0.04), (0.0, 1 / 50)])
def test_the_share_that_is_left_is_neither_nothing_nor_a_guess(share, expected):
    left = SimpleNamespace(unlabeled=np.full(50, share))
    assert remaining_share(NU, left) == pytest.approx(expected)
    assert remaining_share(None, left) is None


class Told:
    """An NU classifier whose P(negative) is the row, for folds of so many rows moved of 1,000."""

    def __init__(self, share, moved, told=True):
        cut = None if moved is None else 0.5
        self.estimates = SimpleNamespace(
            separability=SimpleNamespace(told=told),
            posterior=SimpleNamespace(median=share),
            moving_cut=cut,
            above=lambda cut: SimpleNamespace(unlabeled=1000, rows=moved),
        )

    @staticmethod
    def negative_probability(x):
        return x


@pytest.mark.parametrize(
    ("nu", "correction", "left"),
    [
        (Told(0.2, 200), "move", 0.0),
        (Told(0.2, 100), "move", 100 / 900),
        (Told(0.2, 300), "move", 0.0),
        (Told(0.2, None), "move", 0.2),
        (Told(0.2, 200), "soft", 0.2),
        (Told(0.2, 100, told=False), "move", 0.0),
        (NU, "move", 0.0),
    ],
)
def test_what_is_presumed_negative_after_moving_costs_the_guard_nothing(nu, correction, left):
    assert left_share(nu, correction) == pytest.approx(left)
    held_out = RNG.permutation(np.linspace(0.001, 0.999, 1000))
    recipe = dataclasses.replace(recipe_for("quality", IMAGES), correction=correction)
    rejected = (held_out > guarded(recipe, nu, folds(held_out)).guard).mean()
    assert rejected == pytest.approx(left + 0.03 * (1 - left), abs=0.002)


def test_complete_weighs_instead_of_moving_and_guards_at_even_odds():
    recipe = recipe_for("quality", IMAGES)
    assert preferred(recipe, "clean") is recipe
    complete = preferred(recipe, "complete")
    assert (complete.correction, complete.guard, complete.cut) == ("soft", 0.5, None)
    assert guarded(complete, Told(0.2, 200), folds([0.1])) is complete
    paper = recipe_for("paper", IMAGES)
    assert preferred(paper, "complete") is paper


def test_density_and_decoder_see_rows_as_often_as_they_are_likely_wanted():
    recipe = recipe_for("quality", IMAGES)
    rows, y = np.arange(4000), np.repeat([0.0, 0.25, 1.0], [1000, 1000, 2000])
    kept = thinned(SimpleNamespace(unlabeled=rows, unlabeled_y=y), recipe)
    assert not (kept < 1000).any()
    assert ((kept >= 1000) & (kept < 2000)).sum() == pytest.approx(250, abs=60)
    assert (kept >= 2000).sum() == 2000
    assert thinned(SimpleNamespace(unlabeled=rows, unlabeled_y=None), recipe) is rows
    none = SimpleNamespace(unlabeled=rows, unlabeled_y=np.zeros(4000))
    assert len(thinned(none, recipe)) == 4000
