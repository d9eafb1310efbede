"""sigma2 from the data: its steps in float64, what it leaves alone, and that nothing loses it."""

import keras
import numpy as np
import pytest

from keras_vabc.data.pipeline import balanced_dataset
from keras_vabc.vabc.checkpoint import Checkpoint
from keras_vabc.vabc.losses import equilibrium_error
from keras_vabc.vabc.model import VABC, load_model
from keras_vabc.vabc.networks import mlp_autoencoder

RNG = np.random.default_rng(5)
X = RNG.normal(size=(48, 3)).astype("float32")
Y = np.tile([1.0, 1.0, 0.0], 16).astype("float32")
WEIGHT = RNG.uniform(0.5, 2.0, size=48).astype("float32")
GIVEN, GAMMA, PENALTY_WEIGHT, MOMENTUM = 0.4, 0.7, 3.0, 0.8


def tiny_model(optimizer=None, compiling=None, **settings):
    encoder, decoder = mlp_autoencoder((3,), 2, (8,), "linear", seed=1)
    numbers = {"sigma2": GIVEN, "gamma": GAMMA, "penalty_weight": PENALTY_WEIGHT}
    numbers |= {"sigma2_momentum": MOMENTUM, "stochastic": False, "seed": 4}
    model = VABC(encoder, decoder, **{**numbers, **settings})
    model.compile(optimizer, **(compiling or {}))
    return model


def squared_errors(model):
    return ((X - model.reconstruct(X).astype("float64")) ** 2).sum(axis=1)


def sigma2_of(model):
    return float(keras.ops.convert_to_numpy(model.variance.current))


@pytest.mark.parametrize("now", [0.4, 0.9])
def test_a_step_has_the_loss_for_sigma2_as_it_is_and_then_moves_it(now):
    model = tiny_model(keras.optimizers.SGD(0.0), kl_weight=0.0)
    model.variance.current.assign(now)
    squared, w = squared_errors(model), np.float64(WEIGHT)
    logs = model.train_on_batch(X, Y, sample_weight=WEIGHT, return_dict=True)

    error, ratio = squared / (2 * now), now / GIVEN
    likelihood = error + 1.5 * np.log(ratio)
    penalty = -np.log(1 - np.exp(-GAMMA * ratio * error))
    losses = Y * likelihood + PENALTY_WEIGHT / ratio * (1 - Y) * penalty
    assert logs["loss"] == pytest.approx(np.mean(w * losses), rel=1e-5)
    mean = np.average(squared / 3, weights=w * Y)
    assert sigma2_of(model) == pytest.approx(0.8 * now + 0.2 * mean, rel=1e-5)
    assert logs["sigma2"] == np.float32(sigma2_of(model))


def test_unwanted_examples_are_pushed_to_the_same_squared_error_at_any_sigma2():
    model = tiny_model()
    pushed = []
    for now in (0.4, 0.1, 0.01):
        model.variance.current.assign(now)
        gamma, weight = map(float, model.variance.penalty_numbers(GAMMA, PENALTY_WEIGHT))
        pushed.append(2 * now * equilibrium_error(gamma, 12.0, 0.2, weight))
    expected = 2 * GIVEN * equilibrium_error(GAMMA, 12.0, 0.2, PENALTY_WEIGHT)
    assert pushed == pytest.approx([expected] * 3, rel=1e-5)


@pytest.mark.parametrize(
    "compiling", [{}, {"run_eagerly": True}, {"jit_compile": True, "steps_per_execution": 4}]
)
def test_it_becomes_the_mean_squared_error_of_the_unlabeled_part_however_it_is_run(compiling):
    model = tiny_model(keras.optimizers.SGD(0.0), compiling)
    data = balanced_dataset(X[Y == 1], X[Y == 0], batch_size=24, unwanted_share=1 / 3, seed=2)
    model.fit(data, epochs=30, verbose=0)
    expected = squared_errors(model)[Y == 1].mean() / 3
    assert abs(expected / GIVEN - 1) > 0.5
    assert sigma2_of(model) == pytest.approx(expected, rel=0.15)


def test_it_is_left_alone_by_tests_and_by_batches_without_unlabeled_examples():
    model = tiny_model(keras.optimizers.SGD(0.0), {"run_eagerly": True})
    model.evaluate(X, Y, verbose=0)
    model.train_on_batch(X, np.zeros(48))
    assert sigma2_of(model) == np.float32(GIVEN)


def test_it_never_falls_below_the_given_one():
    model = tiny_model(keras.optimizers.SGD(0.0), {"run_eagerly": True}, sigma2_momentum=0.1)
    for network in (model.encoder, model.decoder):
        network.set_weights([np.zeros(w.shape) for w in network.get_weights()])
    for _ in range(5):
        model.train_on_batch(np.zeros((4, 3)), np.ones(4))
    assert sigma2_of(model) == np.float32(GIVEN)


def test_scores_are_in_its_units():
    model = tiny_model()
    model.variance.current.assign(0.1)
    np.testing.assert_allclose(model.score(X), squared_errors(model) / 0.2, rtol=1e-4)
    model.variance.current.assign(0.2)  # after the function has been traced
    np.testing.assert_allclose(model.score(X), squared_errors(model) / 0.4, rtol=1e-4)


def test_a_file_holds_it(tmp_path):
    model = tiny_model(keras.optimizers.SGD(0.01), {"run_eagerly": True})
    model.fit(X, Y, 24, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert sigma2_of(loaded) == sigma2_of(model) != np.float32(GIVEN)
    assert (loaded.sigma2, loaded.sigma2_momentum) == (GIVEN, MOMENTUM)
    np.testing.assert_array_equal(loaded.score(X), model.score(X))


@pytest.mark.parametrize("format", ["tf_saved_model", "onnx", "litert"])
def test_an_export_scores_by_it(tmp_path, format):
    pytest.importorskip({"onnx": "onnxruntime", "litert": "ai_edge_litert"}.get(format, "keras"))
    model = tiny_model()
    model.variance.current.assign(0.1)
    model.export(tmp_path / "model", format=format, verbose=False)  # which compares the scores
    np.testing.assert_allclose(model.score(X), squared_errors(model) / 0.2, rtol=1e-4)


def test_a_model_that_keeps_sigma2_has_the_variables_that_it_had_before():
    assert [v.name for v in tiny_model(sigma2_momentum=None).variables if not v.shape] == [
        v.name for v in tiny_model().variables if not v.shape and v.name != "current_sigma2"
    ]


def test_a_checkpoint_resumes_it_to_the_bit(tmp_path):
    def trained(epochs, *callbacks):
        model = tiny_model(compiling={"run_eagerly": True}, stochastic=True)
        data = balanced_dataset(X[Y == 1], X[Y == 0], batch_size=24, unwanted_share=1 / 3, seed=2)
        history = model.fit(data, epochs=epochs, verbose=0, callbacks=list(callbacks)).history
        return sigma2_of(model), history["sigma2"], history["loss"]

    whole = trained(4)
    path = tmp_path / "checkpoint"
    trained(2, Checkpoint(path))
    assert trained(4, Checkpoint(path)) == whole
    assert len(set(whole[1])) == 4


@pytest.mark.parametrize("value", [0, 1, -0.5, float("nan")])
def test_a_momentum_is_a_share(value):
    with pytest.raises(ValueError, match="sigma2_momentum must be in"):
        tiny_model(sigma2_momentum=value)
