"""The fused Adam is Keras' Adam: the same numbers, the same state, the same file format."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.vabc.optimizers import FusedAdam


def variables(dtype="float32"):
    rng = np.random.default_rng(0)
    return [keras.Variable(rng.normal(size=shape), dtype=dtype) for shape in [(20, 30), (30,)]]


def gradients(step):
    """Dense gradients of sizes from 1e-9 to 1e2, where the place of epsilon matters."""
    rng = np.random.default_rng(step)
    scale = 10.0 ** rng.integers(-9, 3)
    return [tf.constant(scale * rng.normal(size=s), "float32") for s in [(20, 30), (30,)]]


def run(optimizer, weights, steps):
    apply = tf.function(lambda *grads: optimizer.apply(list(grads), weights))
    optimizer.build(weights)
    for step in steps:
        apply(*gradients(step))
    return [np.array(weight) for weight in weights]


def assert_close(first, second, tolerance):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.fixture
def fused_updates(monkeypatch):
    """Counts the variables that the fused kernel updates."""
    calls, kernel = [], tf.raw_ops.ResourceApplyAdam

    def count(**arguments):
        calls.append(arguments["var"])
        return kernel(**arguments)

    monkeypatch.setattr(tf.raw_ops, "ResourceApplyAdam", count)
    return calls


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"learning_rate": 0.03, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.01, 100, 0.5)},
        {"weight_decay": 0.01, "global_clipnorm": 1.0, "use_ema": True},
    ],
    ids=["defaults", "all numbers", "schedule", "decay, clipping, averages"],
)
def test_equals_keras_over_a_thousand_steps(arguments, fused_updates):
    expected = run(keras.optimizers.Adam(**arguments), variables(), range(1000))
    assert fused_updates == []
    actual = run(FusedAdam(**arguments), variables(), range(1000))
    assert len(fused_updates) == 2, "traced once, for each of two variables"
    assert_close(actual, expected, 1e-5)
    assert np.abs(actual[0] - np.array(variables()[0])).max() > 0.05


@pytest.mark.parametrize(
    "first, second", [(keras.optimizers.Adam, FusedAdam), (FusedAdam, keras.optimizers.Adam)]
)
def test_either_resumes_the_others_checkpoint(first, second):
    expected = run(keras.optimizers.Adam(), variables(), range(40))
    weights, before = variables(), first()
    run(before, weights, range(20))
    after = second()
    after.build(weights)
    state = {}
    before.save_own_variables(state)
    after.load_own_variables(state)
    assert_close(run(after, weights, range(20, 40)), expected, 1e-6)


@pytest.mark.parametrize("case", ["amsgrad", "sparse", "float64"])
def test_falls_back_to_keras(case, fused_updates):
    dtype = "float64" if case == "float64" else "float32"
    arguments = {"amsgrad": case == "amsgrad"}

    def train(optimizer):
        weights = variables(dtype)
        for step in range(5):
            grads = [tf.cast(g, dtype) for g in gradients(step)]
            if case == "sparse":
                grads = [tf.IndexedSlices(g[:3], tf.constant([0, 1, 2]), g.shape) for g in grads]
            optimizer.apply(grads, weights)
        return [np.array(weight) for weight in weights]

    expected = train(keras.optimizers.Adam(**arguments))
    assert_close(train(FusedAdam(**arguments)), expected, 0)
    assert fused_updates == []


def test_compiles_with_xla():
    def train(optimizer):
        weights = variables()
        optimizer.build(weights)
        step = tf.function(lambda g, h: optimizer.apply([g, h], weights), jit_compile=True)
        for index in range(10):
            step(*gradients(index))
        return [np.array(weight) for weight in weights]

    assert_close(train(FusedAdam()), train(keras.optimizers.Adam()), 1e-5)


def test_mixed_precision_trains_the_float32_weights(fused_updates):
    layer = keras.layers.Dense(1, dtype="mixed_float16")
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile(keras.optimizers.LossScaleOptimizer(FusedAdam(0.01)), "mse")
    x, y = np.ones((64, 3), "float32"), np.full((64, 1), 2.0, "float32")
    losses = model.fit(x, y, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    assert fused_updates


def test_round_trip():
    optimizer = FusedAdam(0.01, beta_1=0.8, epsilon=1e-5)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(copy) is FusedAdam
    assert copy.get_config() == optimizer.get_config()


TWO_REPLICAS = """
import keras
import numpy as np
import tensorflow as tf

cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from keras_vabc.vabc.optimizers import FusedAdam

X, Y = np.random.default_rng(0).normal(size=(2, 64, 3)).astype("float32")


def train(strategy, optimizer):
    with strategy.scope():
        dense = keras.layers.Dense(3, kernel_initializer=keras.initializers.GlorotUniform(0))
        model = keras.Sequential([keras.Input((3,)), dense])
        model.compile(optimizer(0.01), "mse")
    model.fit(X, Y, batch_size=32, epochs=3, shuffle=False, verbose=0)
    return model.get_weights()


expected = train(tf.distribute.get_strategy(), keras.optimizers.Adam)
actual = train(tf.distribute.MirroredStrategy(["cpu:0", "cpu:1"]), FusedAdam)
for a, b in zip(actual, expected):
    np.testing.assert_allclose(a, b, atol=1e-6)
"""


def test_two_replicas_fall_back_and_agree():
    done = subprocess.run([sys.executable, "-c", TWO_REPLICAS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
