"""The logistic schedule: exact ends and closed form between them."""

import math

import keras
import numpy as np
import pytest

from keras_vabc.vabc.schedules import anneal, logistic_ramp


def ramp64(t):
    def logistic(v):
        return 1 / (1 + math.exp(-v))

    return (logistic(12 * t - 6) - logistic(-6)) / (logistic(6) - logistic(-6))


def test_ramp_ends_are_exact_and_hold_outside():
    assert [float(logistic_ramp(t)) for t in (-1.0, 0.0, 1.0, 7.0)] == [0.0, 0.0, 1.0, 1.0]


def test_ramp_between_the_ends():
    assert float(logistic_ramp(0.25)) == pytest.approx(ramp64(0.25), rel=1e-5)
    assert float(logistic_ramp(0.25)) == pytest.approx(0.0451, abs=1e-4)
    assert float(logistic_ramp(0.5)) == pytest.approx(0.5, abs=1e-6)
    t = np.linspace(0, 1, 101, dtype="float32")
    w = np.asarray(logistic_ramp(t))
    assert (np.diff(w) > 0).all()
    np.testing.assert_allclose(w + w[::-1], 1.0, atol=1e-6)
    np.testing.assert_allclose(w, [ramp64(v) for v in t.astype("float64")], atol=1e-6)


def test_anneal_reads_the_position_from_the_steps_taken():
    iterations = keras.Variable(0, dtype="int64", trainable=False)
    values = []
    for step in range(10):
        iterations.assign(step)
        values.append(float(anneal(4.0, 0.05, iterations, 8.0)))
    assert values[0] == 4.0
    assert values[8] == values[9] == np.float32(0.05)
    expected = [4.0 + ramp64(k / 8) * (0.05 - 4.0) for k in range(9)]
    np.testing.assert_allclose(values[:9], expected, rtol=2e-6)


def test_no_steps_mean_no_schedule():
    assert float(anneal(4.0, 0.5, 0, 0.0)) == 0.5
    assert float(anneal(0.0, 1.0, 3, 0.0)) == 1.0


def test_a_schedule_shorter_than_one_step_ends_after_the_first():
    assert float(anneal(4.0, 0.5, 0, 0.25)) == 4.0
    assert float(anneal(4.0, 0.5, 1, 0.25)) == 0.5
