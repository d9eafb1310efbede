"""From a setting to a model: the numbers that the data decide."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_vabc.data.folds import array_folds
from keras_vabc.recipes import autoencoder
from keras_vabc.recipes.autoencoder import build, train_autoencoder
from keras_vabc.recipes.own_data import setting_for, with_gamma
from keras_vabc.recipes.settings import Setting
from keras_vabc.vabc.networks import residual_autoencoder

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


IMAGES = np.random.default_rng(8).integers(0, 256, (60, 6, 5, 1)).astype("uint8")
TINY = Setting(
    "vabc", "files", latent_dim=2, network="residual", units=(4,), batch_size=20, epochs=2, seed=3
)


def kernels(model):
    return [weight.numpy() for weight in model.trainable_weights]


class Weights(keras.callbacks.Callback):
    """Notes the weights behind each step, and those that are tested."""

    def __init__(self):
        super().__init__()
        self.steps, self.tested = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(kernels(self.model))

    def on_test_batch_end(self, batch, logs=None):
        self.tested.append(kernels(self.model))


def test_the_trained_and_the_tested_weights_are_running_averages(monkeypatch):
    monkeypatch.setattr(autoencoder, "STEPS_PER_EXECUTION", 1)
    setting = dataclasses.replace(
        TINY, average=0.6, anneal_gamma=False, anneal_kl=False, patience=None
    )
    folds = array_folds(IMAGES[:40], IMAGES[40:], seed=3)
    seen = Weights()
    trained = train_autoencoder(setting, folds, [seen])
    average, at = seen.steps[0], []
    for weights in seen.steps:
        average = [0.6 * a + 0.4 * w for a, w in zip(average, weights, strict=True)]
        at.append(average)
    tested = (seen.tested[0], at[len(at) // 2 - 1])  # behind the first of two epochs
    for actual, expected in (tested, (kernels(trained.model), at[-1])):
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert max(np.abs(a - b).max() for a, b in zip(at[-1], seen.steps[-1], strict=True)) > 1e-4


def test_averages_and_patience_exclude_each_other():
    setting = dataclasses.replace(TINY, average=0.6, patience=2)
    with pytest.raises(ValueError, match="patience must be None.*patience=2, average=0.6"):
        train_autoencoder(setting, array_folds(IMAGES[:40], IMAGES[40:], seed=3))


def test_a_setting_decides_on_networks_and_on_sigma2():
    setting = dataclasses.replace(TINY, sigma2=0.3, sigma2_momentum=0.9)
    model = build(setting, IMAGES)
    assert (model.sigma2, model.sigma2_momentum) == (0.3, 0.9)
    residual, _ = residual_autoencoder((6, 5, 1), 2, units=4)
    assert model.encoder.count_params() == residual.count_params()
    assert build(TINY, IMAGES).sigma2_momentum is None


@pytest.mark.parametrize(
    ("side", "filters"),
    [
        (1, (32, 64)),
        (28, (32, 64)),
        (32, (32, 64)),
        (33, (32, 64, 128)),
        (200, (32, 64, *[128] * 3)),
    ],
)
def test_larger_images_get_more_stages(side, filters):
    images = np.random.default_rng(3).integers(0, 255, (60, side, 5, 1), dtype="uint8")
    encoder = build(setting_for("quality", images), images, steps=1, hidden_share=0.1).encoder
    convolutions = [x for x in encoder.layers if isinstance(x, keras.layers.Conv2D)]
    assert tuple(x.filters for x in convolutions) == filters
    assert max(convolutions[-1].output.shape[1:3]) <= 8
