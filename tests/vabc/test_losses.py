"""The loss terms, pinned against float64 NumPy and closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.vabc.losses import (
    equilibrium_error,
    equilibrium_penalty_weight,
    kl_divergence,
    reconstruction_error,
    unwanted_penalty,
    vabc_loss,
)

GAMMAS = (0.05, 1.0, 4.0)


def penalty64(reconstruction, gamma):
    return -np.log(1.0 - np.exp(-gamma * np.float64(reconstruction)))


def gradient(function, at):
    at = tf.constant(at, "float32")
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(at)
    return tape.gradient(value, at).numpy()


@pytest.mark.parametrize("shape", [(5,), (3, 4, 2)])
def test_reconstruction_is_the_squared_error_summed_over_all_axes(shape):
    rng = np.random.default_rng(0)
    x, mean = rng.normal(size=(2, 6, *shape))
    expected = [((a - b) ** 2).sum() / (2 * 2.5) for a, b in zip(x, mean, strict=True)]
    actual = reconstruction_error(x.astype("float32"), mean.astype("float32"), 2.5)
    assert actual.shape == (6,)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_reconstruction_neither_wraps_bytes_nor_overflows_half_precision():
    x = np.zeros((1, 784), "uint8")
    mean = np.full((1, 784), 255, "uint8")
    expected = 784 * 255.0**2 / 2
    np.testing.assert_allclose(reconstruction_error(x, mean, 1.0), [expected], rtol=1e-6)
    half = reconstruction_error(x.astype("float16"), mean.astype("float16"), 1.0)
    assert half.dtype == "float32"
    np.testing.assert_allclose(half, [expected], rtol=1e-6)


def test_kl_divergence_against_numpy_and_against_draws():
    rng = np.random.default_rng(1)
    mean, log_var = rng.normal(size=(2, 4, 3))
    expected = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    actual = kl_divergence(mean.astype("float32"), log_var.astype("float32"))
    assert actual.shape == (4,)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    np.testing.assert_allclose(kl_divergence(np.zeros((1, 3)), np.zeros((1, 3))), [0], atol=1e-7)
    # E_q[log q(z) - log p(z)] by draws from q: the definition itself.
    noise = rng.normal(size=(200_000, 3))
    z = mean[0] + np.exp(log_var[0] / 2) * noise
    drawn = 0.5 * (z**2 - noise**2 - log_var[0]).sum(axis=1)
    assert abs(drawn.mean() - expected[0]) < 5 * drawn.std() / np.sqrt(len(drawn))


@pytest.mark.parametrize("gamma", GAMMAS)
def test_penalty_and_its_slope(gamma):
    u = np.array([1e-3, 0.1, np.log(2), 1.0, 5.0, 12.0])
    reconstruction = (u / gamma).astype("float32")
    penalty = unwanted_penalty(reconstruction, gamma)
    np.testing.assert_allclose(penalty, penalty64(reconstruction, gamma), rtol=1e-4, atol=2e-7)
    np.testing.assert_allclose(penalty[2], np.log(2), rtol=1e-6)

    slope = gradient(lambda r: unwanted_penalty(r, gamma), reconstruction)
    expected = -gamma / np.expm1(gamma * np.float64(reconstruction))
    np.testing.assert_allclose(slope, expected, rtol=2e-3)


def test_penalty_is_bounded_at_zero_error_and_vanishes_at_large_error():
    penalty = unwanted_penalty(np.array([0.0, 1e-9, 1e4], "float32"), 1.0)
    np.testing.assert_allclose(penalty, [-np.log(1e-7), -np.log(1e-7), 0.0], rtol=1e-5)
    slope = gradient(lambda r: unwanted_penalty(r, 1.0), [0.0, 1e-9, 1e4])
    np.testing.assert_array_equal(slope, [0.0, 0.0, 0.0])
    half = unwanted_penalty(np.array([1e-4], "float16"), 1.0)
    np.testing.assert_allclose(half, [penalty64(np.float16(1e-4), 1.0)], rtol=1e-4)


def test_loss_switches_on_y_and_keeps_one_value_per_example():
    y = np.array([1.0, 0.0, 0.3], "float32")
    r, p, kl = np.array([[0.5, 2.0, 3.0], [0.9, 0.1, 0.2], [0.7, 0.4, 1.1]], "float32")
    loss = vabc_loss(y, r, p, kl, kl_weight=0.25, penalty_weight=3.0)
    expected = [0.25 * 0.7 + 0.5, 0.25 * 0.4 + 3 * 0.1, 0.25 * 1.1 + 0.3 * 3 + 3 * 0.7 * 0.2]
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    np.testing.assert_allclose(vabc_loss(y, r, p, kl)[:2], [0.7 + 0.5, 0.4 + 0.1], rtol=1e-6)


def test_y_of_one_everywhere_is_the_vae_to_the_bit():
    rng = np.random.default_rng(2)
    r, kl = rng.uniform(0, 5, size=(2, 50)).astype("float32")
    loss = vabc_loss(np.ones(50, "float32"), r, unwanted_penalty(r, 0.05), kl)
    np.testing.assert_array_equal(loss, kl + r)


def test_gamma_one_without_kl_is_binary_cross_entropy():
    r = np.array([0.05, 0.5, 1.0, 4.0], "float32")
    y = np.array([1.0, 0.0, 0.25, 0.0], "float32")
    loss = vabc_loss(y, r, unwanted_penalty(r, 1.0), np.zeros(4, "float32"))
    probability = np.exp(-np.float64(r))
    expected = -y * np.log(probability) - (1 - y) * np.log1p(-probability)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    by_keras = keras.losses.binary_crossentropy(y[:, None], np.float32(probability)[:, None])
    np.testing.assert_allclose(loss, by_keras, rtol=1e-4)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_equilibrium_of_attraction_and_repulsion(gamma):
    """The error that minimizes (1 - s) R + s r l P(R) is ln(1 + gamma l r s / (1 - s)) / gamma."""
    share, ratio, weight = 0.5, 12.6, 2.0
    pull = weight * ratio * share / (1 - share)
    error = np.log1p(gamma * pull) / gamma
    assert error <= pull

    def expected_loss(r):
        zero = tf.zeros_like(r)
        unlabeled = vabc_loss(1.0, r, unwanted_penalty(r, gamma), zero)
        unwanted = vabc_loss(0.0, r, unwanted_penalty(r, gamma), zero, penalty_weight=weight)
        return (1 - share) * unlabeled + share * ratio * unwanted

    slopes = gradient(expected_loss, [0.9 * error, error, 1.1 * error])
    assert slopes[0] < -1e-3
    assert abs(slopes[1]) < 1e-4
    assert slopes[2] > 1e-3


@pytest.mark.parametrize("gamma, ratio, share, weight", [(0.05, 12.6, 0.5, 1), (3, 40, 0.2, 7)])
def test_push_and_pull_are_equal_at_the_equilibrium(gamma, ratio, share, weight):
    error = equilibrium_error(gamma, ratio, share, weight)
    push = weight * share * ratio * gamma / np.expm1(gamma * error)
    assert push == pytest.approx(1 - share)
    again = equilibrium_penalty_weight(error, gamma, ratio, share)
    assert again == pytest.approx(weight)


def test_the_equilibrium_never_passes_its_bound():
    errors = [equilibrium_error(gamma, 10.0) for gamma in (1e-6, 0.1, 1, 10)]
    assert errors[0] == pytest.approx(10, rel=1e-4)
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("gamma", [0.05, 4.0])
def test_the_floor_of_the_penalty_is_one_of_gamma_times_the_error(gamma):
    """1e-7 of `gamma R`, not of `R`: so the highest penalty is the same for every gamma."""
    errors = np.array([0.0, 2e-9, 5e-8, 1e-6, 1e-5])
    exponent = np.maximum(gamma * errors, 1e-7)
    expected = -np.log(-np.expm1(-exponent))
    actual = unwanted_penalty(errors.astype("float32"), gamma)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
