"""The guard that a recipe's cut asks for."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from keras_vabc.recipes.generation import guarded, remaining_share
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
    assert recipe_for("quality", vectors).cut is None


def test_it_costs_more_where_it_would_let_the_unwanted_pass():
    """Of 100 unwanted ones the 20 least alike may pass; 61 of 200 wanted are more like them."""
    recipe = recipe_for("quality", IMAGES)
    wanted, unwanted = RNG.permutation(200) / 200, 0.5 + RNG.permutation(100) / 100
    found = guarded(recipe, NU, folds(wanted, unwanted))
    assert found.guard == pytest.approx(0.69) and found.cut == pytest.approx(0.305)
    assert (unwanted > found.guard).sum() == 80
    assert found == dataclasses.replace(recipe, guard=found.guard, cut=found.cut)


def test_it_never_costs_more_than_half():
    wanted, unwanted = RNG.permutation(200) / 200, np.full(30, 0.2)
    found = guarded(recipe_for("quality", IMAGES), NU, folds(wanted, unwanted))
    assert found.cut == 0.5 and (wanted > found.guard).sum() == 100


@pytest.mark.parametrize(("share", "expected"), [(0.3, 0.1), (0.04, 0.04), (0.0, 1 / 50)])
def test_the_share_that_is_left_is_neither_nothing_nor_a_guess(share, expected):
    left = SimpleNamespace(unlabeled=np.full(50, share))
    assert remaining_share(NU, left) == pytest.approx(expected)
    assert remaining_share(None, left) is None
