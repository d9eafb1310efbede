"""From a setting to a model: the numbers that the data decide."""

import dataclasses

import numpy as np
import pytest

from keras_vabc.recipes.autoencoder import build
from keras_vabc.recipes.own_data import setting_for, with_gamma

X = np.random.default_rng(7).normal(size=(400, 3)).astype("float32")


@pytest.mark.parametrize("hidden_share", [0.02, 0.25])
def test_the_penalty_pushes_to_the_target_where_pull_and_push_are_equal(hidden_share):
    """At R* the slope of the error, by the hidden share, is that of the penalty."""
    setting = dataclasses.replace(setting_for("quality", X, seed=3, epochs=1), latent_dim=2)
    model = build(setting, X, steps=10, hidden_share=hidden_share)
    error = setting.target / (2 * setting.sigma2)
    share = setting.unwanted_share
    pull = (1 - share) * hidden_share  # of a negative among the unlabeled part of a batch
    push = share * model.penalty_weight * setting.gamma / np.expm1(setting.gamma * error)
    assert push == pytest.approx(pull, rel=1e-5)


def test_a_gamma_that_is_given_moves_the_target():
    own = setting_for("quality", X, seed=3, epochs=1)
    given = with_gamma(own, 4 * own.gamma)
    assert given.target == pytest.approx(own.target / 4)
    assert given.gamma_start / given.gamma == pytest.approx(own.gamma_start / own.gamma)
    assert build(given, X, steps=10, hidden_share=0.1).gamma == pytest.approx(4 * own.gamma)
