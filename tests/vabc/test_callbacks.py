"""Annealing: the trajectory of gamma and of the KL weight, whatever the steps are dealt in."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.vabc.callbacks import GammaAnneal, KLAnneal
from keras_vabc.vabc.model import VABC, load_model
from keras_vabc.vabc.networks import mlp_autoencoder

STEPS = 20  # in an epoch
RNG = np.random.default_rng(0)
X = RNG.normal(size=(4 * STEPS, 2)).astype("float32")
Y = np.tile([1.0, 0.0], 2 * STEPS).astype("float32")
EARLY_END = pytest.mark.filterwarnings("ignore:fit ended at step")


def tiny_model(optimizer=None, compiling=None, **settings):
    encoder, decoder = mlp_autoencoder((2,), 1, (8,), "linear", seed=0)
    numbers = {"sigma2": 0.25, "gamma": 0.5, "kl_weight": 0.8, "seed": 5}
    model = VABC(encoder, decoder, **{**numbers, **settings})
    model.compile(optimizer, **{"steps_per_execution": 1, **(compiling or {})})
    return model


class Recorder(keras.callbacks.Callback):
    """Notes the step before each end of an execution, with the values logged there."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.optimizer.iterations) - 1
        self.seen.append((step, logs["gamma"], logs["kl_weight"]))


def fit(model, epochs, *callbacks, steps=STEPS, **kwargs):
    x, y = X[: 4 * steps], Y[: 4 * steps]
    options = {"shuffle": False, "verbose": 0, "callbacks": list(callbacks), **kwargs}
    return model.fit(x, y, 4, epochs, **options).history


def annealing(epochs=2):
    return GammaAnneal(start=4.0, epochs=epochs), KLAnneal(epochs=epochs)


def trajectory(steps, length=2 * STEPS):
    """(step, gamma, kl_weight) from the closed form, in float64."""

    def logistic(v):
        return 1 / (1 + math.exp(-v))

    def weight(step):
        t = min(step / length, 1)
        return (logistic(12 * t - 6) - logistic(-6)) / (logistic(6) - logistic(-6))

    return [(step, 4 + weight(step) * (0.5 - 4), weight(step) * 0.8) for step in steps]


def assert_on_curve(seen, steps):
    expected = trajectory(steps)
    assert [step for step, *_ in seen] == [step for step, *_ in expected]
    for (_, *values), (_, *close_to) in zip(seen, expected, strict=True):
        np.testing.assert_allclose(values, close_to, rtol=1e-5, atol=1e-7)


def test_the_curve_step_by_step_and_the_loss_on_it():
    """The weights stand still, so that each epoch's logs are the closed form's own means."""
    model = tiny_model(keras.optimizers.SGD(0.0), stochastic=False)
    recorder = Recorder()
    history = fit(model, 3, recorder, *annealing())
    assert_on_curve(recorder.seen, range(3 * STEPS))
    assert recorder.seen[0][1:] == (4.0, 0.0)
    assert recorder.seen[2 * STEPS - 1][1:] != (0.5, np.float32(0.8))
    assert recorder.seen[2 * STEPS][1:] == (0.5, np.float32(0.8))
    assert history["gamma"][2] == float(model.current_gamma.numpy()) == 0.5
    assert float(model.current_kl_weight.numpy()) == np.float32(0.8)

    z_mean, z_log_var = (np.float64(v).reshape(STEPS, 4) for v in model.encode(X))
    kl = 0.5 * (z_mean**2 + np.exp(z_log_var) - 1 - z_log_var)
    error = np.float64(model.score(X)).reshape(STEPS, 4)
    y = Y.reshape(STEPS, 4)
    for epoch in range(3):
        curve = trajectory(range(epoch * STEPS, (epoch + 1) * STEPS))
        gamma, kl_weight = np.array(curve)[:, 1:].T[:, :, None]
        penalty = -np.log(1 - np.exp(-gamma * error))
        loss = kl_weight * kl + y * error + (1 - y) * penalty
        assert history["penalty"][epoch] == pytest.approx(penalty[y == 0].mean(), rel=1e-4)
        assert history["loss"][epoch] == pytest.approx(loss.mean(), rel=1e-4)


def test_the_curve_is_the_same_with_several_steps_per_execution():
    model, recorder = tiny_model(compiling={"steps_per_execution": 16}), Recorder()
    fit(model, 3, recorder, *annealing())
    ends = [epoch * STEPS + step for epoch in range(3) for step in (15, 19)]
    assert_on_curve(recorder.seen, ends)
    assert int(model.optimizer.iterations) == 3 * STEPS


@EARLY_END
def test_the_curve_goes_on_after_saving_and_over_fits(tmp_path):
    model, recorder = tiny_model(), Recorder()
    fit(model, 1, recorder, *annealing())
    assert_on_curve(recorder.seen, range(STEPS))
    model.save(tmp_path / "m.keras")

    fit(model, 3, recorder, *annealing(), initial_epoch=1)
    assert_on_curve(recorder.seen, range(3 * STEPS))

    loaded, recorder = load_model(tmp_path / "m.keras"), Recorder()
    assert loaded.current_gamma.numpy() == pytest.approx(trajectory([STEPS - 1])[0][1], rel=1e-5)
    fit(loaded, 1, recorder, *annealing())  # a fit that counts its epochs from 0
    assert_on_curve(recorder.seen, range(STEPS, 2 * STEPS))


@EARLY_END
def test_each_callback_leaves_the_other_number_alone():
    model = tiny_model(compiling={"run_eagerly": True})
    history = fit(model, 1, annealing()[0], steps=4)
    assert history["kl_weight"] == [np.float32(0.8)]
    assert history["gamma"][0] > 2
    history = fit(model, 1, KLAnneal(epochs=4), steps=4)
    assert history["gamma"] == [0.5]
    assert history["kl_weight"][0] == pytest.approx(trajectory([7], length=16)[0][2], rel=1e-5)


@EARLY_END
def test_testing_uses_the_targets_in_the_middle_of_annealing():
    model = tiny_model()
    history = fit(model, 1, *annealing(), validation_data=(X, Y))
    assert history["gamma"][0] > 2
    assert history["kl_weight"][0] < 0.5
    result = model.evaluate(X, Y, 4, verbose=0, return_dict=True)
    assert result == pytest.approx({k[4:]: v[0] for k, v in history.items() if "val_" in k})
    parts = result["reconstruction"] / 2 + result["penalty"] / 2 + 0.8 * result["kl"]
    assert result["loss"] == pytest.approx(parts, rel=1e-5)  # half of y is 1

    still = tiny_model(compiling={"run_eagerly": True}, stochastic=False)
    still.set_weights(model.get_weights())  # the state of annealing included
    error = np.float64(still.score(X))
    penalty = -np.log(1 - np.exp(-0.5 * error[Y == 0]))
    result = still.evaluate(X, Y, verbose=0, return_dict=True)
    assert result["penalty"] == pytest.approx(penalty.mean(), rel=1e-4)


@EARLY_END
def test_a_fit_without_callbacks_uses_the_targets():
    model = tiny_model(compiling={"run_eagerly": True})
    assert fit(model, 1, *annealing(), steps=4)["gamma"][0] > 2
    history = fit(model, 1, steps=4)
    assert (history["gamma"], history["kl_weight"]) == ([0.5], [np.float32(0.8)])


def test_steps_per_epoch_serve_endless_streams():
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4).repeat()
    model, recorder = tiny_model(compiling={"run_eagerly": True}), Recorder()
    callbacks = [recorder, GammaAnneal(epochs=1), KLAnneal(epochs=1)]
    model.fit(data, epochs=2, steps_per_epoch=5, verbose=0, callbacks=callbacks)
    expected = trajectory(range(10), length=5)
    np.testing.assert_allclose(recorder.seen, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("callback", [GammaAnneal, KLAnneal])
def test_unknown_steps_are_refused(callback):
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4).filter(lambda *_: True)
    with pytest.raises(ValueError, match=f"{callback.__name__} needs to know the steps per epoch"):
        tiny_model().fit(data, verbose=0, callbacks=[callback()])


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match=r"start must be >= .*gamma. Received: start=0.4, gamma=0"):
        fit(tiny_model(), 1, GammaAnneal(start=0.4))
    for value in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"epochs must be > 0.* Received: epochs={value}"):
            GammaAnneal(epochs=value)
        with pytest.raises(ValueError, match=f"epochs must be > 0.* Received: epochs={value}"):
            KLAnneal(epochs=value)
        with pytest.raises(ValueError, match=f"start must be > 0.* Received: start={value}"):
            GammaAnneal(start=value)


def test_start_may_equal_the_target():
    model = tiny_model(compiling={"run_eagerly": True})
    assert fit(model, 1, GammaAnneal(start=0.5, epochs=1), steps=2)["gamma"] == [0.5]


def test_defaults_are_the_papers():
    assert (GammaAnneal().start, GammaAnneal().epochs, KLAnneal().epochs) == (4.0, 10, 10)


def test_a_fit_that_ends_before_the_schedule_warns():
    model = tiny_model(compiling={"run_eagerly": True})
    message = r"fit ended at step 4, before {}'s schedule of 2 epochs \(8 steps\) did"
    with (
        pytest.warns(UserWarning, match=message.format("GammaAnneal")),
        pytest.warns(UserWarning, match=message.format("KLAnneal")),
    ):
        fit(model, 1, *annealing(), steps=4)
    fit(model, 1, *annealing(), steps=4)  # reaches step 8: no warning, or it would be an error here


def test_early_stopping_waits_for_the_schedule_and_restores_the_best():
    """Training on one half of the plane makes the other half's test loss rise from the start."""
    model = tiny_model(keras.optimizers.SGD(1e-2))
    x = np.abs(X)
    test = (-x, np.ones(len(x)))
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=2, start_from_epoch=3, restore_best_weights=True
    )
    callbacks = [GammaAnneal(epochs=3), KLAnneal(epochs=3), stopping]
    data = {"batch_size": 4, "validation_data": test, "shuffle": False, "verbose": 0}
    history = model.fit(x, np.ones(len(x)), epochs=10, callbacks=callbacks, **data).history
    losses = history["val_loss"]
    assert np.argmin(losses) < 3, "else this test shows nothing"
    assert len(losses) == 6
    assert stopping.best_epoch == 3
    assert history["gamma"][3] == 0.5 != history["gamma"][2]
    assert model.evaluate(*test, 4, verbose=0)[0] == pytest.approx(losses[3], rel=1e-6)
    assert losses[3] < min(losses[4:])
    assert model.current_gamma.numpy() == 0.5
