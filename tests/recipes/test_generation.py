"""The guard that a recipe's cut asks for."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from keras_vabc.recipes.generation import guarded
from keras_vabc.recipes.own_data import recipe_for

RNG = np.random.default_rng(12)
IMAGES = RNG.integers(0, 255, (300, 6, 6, 1), dtype="uint8")
NU = SimpleNamespace(negative_probability=lambda x: x)


def folds(probabilities):
    return SimpleNamespace(test_unlabeled=np.asarray(probabilities))


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
