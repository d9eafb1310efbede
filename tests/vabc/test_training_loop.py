"""How steps are joined in calls changes nothing but the time they take: `fit` is that of Keras."""

import json
import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_callbacks import annealing, tiny_model

from keras_vabc.data.pipeline import balanced_dataset, unlabeled_dataset
from keras_vabc.vabc import training_loop
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import mlp_autoencoder
from keras_vabc.vabc.training_loop import MOST_BYTES, chunked, default_steps_per_execution

RNG = np.random.default_rng(0)
UNLABELED = RNG.normal(size=(53, 2)).astype("float32")
UNWANTED = RNG.normal(size=(9, 2)).astype("float32")
SIZES = {"batch_size": 10, "seed": 3}


def training_data():
    """10 batches."""
    return balanced_dataset(UNLABELED, UNWANTED, **SIZES)


def evaluation_data():
    """11 batches, of which the last is smaller."""
    return balanced_dataset(UNLABELED, UNWANTED, shuffle=False, **SIZES)


# Numbers


class Calls(keras.callbacks.Callback):
    """Notes the optimizer step at the end of each call, and the calls of tests."""

    def __init__(self):
        super().__init__()
        self.ends, self.tested = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(int(self.model.optimizer.iterations))

    def on_test_batch_end(self, batch, logs=None):
        self.tested.append(batch)


def trained(compiling, **settings):
    """A model after two epochs of annealing, its calls and its logs."""
    model, calls = tiny_model(compiling=compiling, **settings), Calls()
    options = {"verbose": 0, "callbacks": [*annealing(), calls]}
    history = model.fit(training_data(), epochs=2, validation_data=evaluation_data(), **options)
    return model, history.history, calls


def trained_by_hand(**settings):
    """As `trained`, but each step by a call of `train_on_batch`; with the epochs' mean losses."""
    model, data, losses = tiny_model(**settings), training_data(), []
    model.anneal_gamma(4.0, 20)
    model.anneal_kl(20)
    for _ in range(2):
        steps = [model.train_on_batch(x, y, return_dict=True)["loss"] for x, y in data]
        losses.append(np.mean(steps))
    return model, losses


def assert_trained_alike(model, history, by_hand):
    assert history["loss"] == pytest.approx(by_hand[1], rel=1e-5)
    numbers = [m.trainable_weights + m.optimizer.variables for m in (model, by_hand[0])]
    for a, b in zip(*numbers, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def by_hand():
    return trained_by_hand()


@pytest.mark.parametrize("steps", [1, 4, 64])
@pytest.mark.parametrize("eager", [False, True])
def test_joined_steps_train_and_test_as_single_ones(steps, eager, by_hand):
    joined = trained({"steps_per_execution": steps, "run_eagerly": eager})
    assert_trained_alike(*joined[:2], by_hand)
    ends = [min(start + steps, 10) for start in range(0, 10, steps)]
    assert joined[2].ends == ends + [10 + end for end in ends]
    assert len(joined[2].tested) == 2 * len(range(0, 11, steps))
    assert joined[1]["val_loss"][1] == pytest.approx(
        by_hand[0].evaluate(evaluation_data(), verbose=0)[0], rel=1e-5
    )


def test_xla_trains_as_single_steps(monkeypatch):
    single = trained_by_hand(stochastic=False)  # XLA draws another noise
    xla = {"steps_per_execution": 4, "jit_compile": True}
    assert_trained_alike(*trained(xla, stochastic=False)[:2], single)
    monkeypatch.setattr(training_loop, "MOST_BYTES", 0)  # one program a step
    assert_trained_alike(*trained(xla, stochastic=False)[:2], single)


@pytest.mark.parametrize("data", ["data set", "arrays"])
def test_evaluation_is_that_of_single_batches(data):
    x = (evaluation_data(),) if data == "data set" else (UNLABELED, np.ones(53), 5)
    compiling = ({}, {"steps_per_execution": 4}, {"steps_per_execution": 64, "run_eagerly": True})
    models = [tiny_model(compiling=c) for c in compiling]
    for steps in (None, 5):
        results = [model.evaluate(*x, steps=steps, verbose=0) for model in models]
        np.testing.assert_allclose(results[1:], results[:1] * 2, rtol=1e-5)
    whole = models[2].evaluate(*x, verbose=0)
    assert whole != models[2].evaluate(*x, steps=5, verbose=0)
    assert whole == models[2].evaluate(*x, steps=20, verbose=0), "data that run out are all tested"


def test_single_batches_work_after_a_fit_and_test_with_the_same_noise():
    model, batch = tiny_model(compiling={"steps_per_execution": 4}), next(iter(training_data()))
    model.fit(training_data(), validation_data=evaluation_data(), verbose=0)
    assert model.test_on_batch(*batch) == model.test_on_batch(*batch)
    model.train_on_batch(*batch)
    assert int(model.optimizer.iterations) == 11


# Rows: which ones each epoch takes, against a model of Keras' own


class Seen:
    """The first column of what a model saw in training: a list of batches for each epoch."""

    def __init__(self):
        self.epochs = []


class Rows(keras.layers.Layer):
    """Notes each batch."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def call(self, x, training=False):
        if training:
            self.seen.epochs[-1].append(np.asarray(x)[:, 0].tolist())
        return x


class Epochs(keras.callbacks.Callback):
    """Begins a list for each epoch."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def on_epoch_begin(self, epoch, logs=None):
        self.seen.epochs.append([])


def recording_model(steps_per_execution, optimizer="sgd"):
    """A VABC, and what it sees."""
    seen = Seen()
    inputs = keras.Input((2,))
    rows = Rows(seen)(inputs)
    heads = [keras.layers.Dense(1)(rows) for _ in range(2)]
    encoder, decoder = keras.Model(inputs, heads), mlp_autoencoder((2,), 1, (2,), "linear")[1]
    model = VABC(encoder, decoder, seed=3)
    model.compile(optimizer, run_eagerly=True, steps_per_execution=steps_per_execution)
    return model, seen


def stock_model():
    """A model that shares no code with VABC, and what it sees."""
    seen = Seen()
    model = keras.Sequential([keras.Input((2,)), Rows(seen), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    return model, seen


NUMBERED = np.repeat(np.arange(40, dtype="float32")[:, None] / 40, 2, axis=1)
ONES = np.ones(40, "float32")


def batches():
    """4 batches of 10 rows."""
    return tf.data.Dataset.from_tensor_slices((NUMBERED, ONES)).batch(10)


def generator():
    yield from batches().repeat(9).as_numpy_iterator()


ARRAYS = {"x": NUMBERED, "y": ONES, "batch_size": 10, "shuffle": False}
FITS = {
    "a pass": lambda: {"x": batches()},
    "a pass of so many steps": lambda: {"x": batches(), "steps_per_epoch": 4},
    "parts of a pass": lambda: {"x": batches(), "steps_per_epoch": 2},
    "data that run out": lambda: {"x": batches(), "steps_per_epoch": 3},
    "more steps than data": lambda: {"x": batches(), "steps_per_epoch": 6},
    "endless": lambda: {"x": batches().repeat(), "steps_per_epoch": 3},
    "unknown size": lambda: {"x": batches().filter(lambda x, y: True)},
    "unknown size, steps": lambda: {
        "x": batches().filter(lambda x, y: True).repeat(3),
        "steps_per_epoch": 3,
    },
    "arrays": lambda: ARRAYS,
    "arrays, steps": lambda: {**ARRAYS, "steps_per_epoch": 3},
    "generator": lambda: {"x": generator(), "steps_per_epoch": 3, "shuffle": False},
    "later epochs": lambda: {"x": batches(), "initial_epoch": 2},
    "validation split": lambda: {**ARRAYS, "validation_split": 0.25},
}


def rows_of(model, seen, arguments):
    """Batches of each epoch, and the messages of warnings."""
    seen.epochs = []
    options = {"epochs": 4, "verbose": 0, "callbacks": [Epochs(seen)]}
    if isinstance(arguments["x"], tf.data.Dataset):
        arguments = {**arguments, "shuffle": False}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        history = model.fit(**options, **arguments)
    assert history.epoch == list(range(arguments.get("initial_epoch", 0), 4))
    return seen.epochs, {str(w.message)[:30] for w in warned}


@pytest.fixture(scope="module")
def models():
    """One of Keras' own, and a VABC for each number of steps in a call; all fit again and again."""
    return stock_model(), [recording_model(steps) for steps in (1, 3, 64)]


@pytest.mark.parametrize("name", FITS)
def test_fit_takes_the_rows_that_a_stock_model_takes(name, models):
    expected, warned = rows_of(*models[0], FITS[name]())
    assert sum(map(len, expected)) > 5
    for number, model in enumerate(models[1]):
        rows, warned_too = rows_of(*model, FITS[name]())
        assert rows == expected
        assert number or warned_too == warned


def test_a_limit_on_steps_for_debugging_holds(request, models):
    request.addfinalizer(lambda: keras.config.set_max_steps_per_epoch(None))
    keras.config.set_max_steps_per_epoch(2)
    for model in models[1]:
        assert [len(epoch) for epoch in rows_of(*model, {"x": batches()})[0]] == [2] * 4


def test_an_epoch_has_its_steps_whatever_the_optimizer_skips():
    """The loss is scaled beyond float32, so that no step is ever taken."""
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(), initial_scale=1e38, dynamic_growth_steps=9
    )
    model, seen = recording_model(3, optimizer)
    model.fit(batches(), epochs=2, verbose=0, callbacks=[Epochs(seen)])
    assert int(model.optimizer.iterations) < 8
    assert [len(epoch) for epoch in seen.epochs] == [4, 4]


def test_a_part_of_the_data_leaves_the_next_fit_its_steps_under_a_strategy():
    """What Keras made for one step a call is not kept for several."""
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        networks = mlp_autoencoder((2,), latent_dim=1, units=(3,), output_activation="linear")
        model = VABC(*networks, seed=3)
        model.compile(steps_per_execution=4)
    x = np.random.default_rng(3).normal(size=(200, 2)).astype("float32")
    data = unlabeled_dataset(x, batch_size=10, seed=3)
    taken = []
    for arguments in ({"steps_per_epoch": 8}, {}):
        model.fit(data, verbose=0, **arguments)
        taken.append(int(model.optimizer.iterations.numpy()))
    assert taken == [8, 28]


def test_a_test_in_the_middle_of_an_epoch_leaves_its_steps_alone():
    model, seen = recording_model(3)
    test = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: model.evaluate(NUMBERED, ONES, 8, verbose=0)
    )
    model.fit(batches(), epochs=2, verbose=0, callbacks=[Epochs(seen), test])
    assert [len(epoch) for epoch in seen.epochs] == [4, 4]


def test_each_epoch_and_each_test_is_one_pass_over_the_data():
    model = tiny_model(compiling={"steps_per_execution": 4})
    data, tests, seen = training_data(), evaluation_data(), []

    class Next(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((data.epoch_count.next_epoch, tests.epoch_count.next_epoch))

    model.fit(data, epochs=3, verbose=0, validation_data=tests, callbacks=[Next()])
    assert seen == [(1, 1), (2, 2), (3, 3)], "an epoch began ahead of time"
    alone = model.evaluate(tests, verbose=0, return_dict=True)
    assert model.evaluate(tests, verbose=0, return_dict=True) == alone


# Choices


def test_chunks_end_with_the_epoch_and_are_filled_up():
    data = tf.data.Dataset.from_tensor_slices(np.arange(1.0, 11).reshape(10, 1, 1))
    chunks = list(chunked(data.map(lambda x: (x, x + 1)), 4).take(6))
    assert [int(count) for count, _ in chunks] == [4, 4, 2, 4, 4, 2]
    (x, y) = chunks[2][1]
    np.testing.assert_array_equal(x[:, 0, 0], [9, 10, 0, 0])
    np.testing.assert_array_equal(y[:, 0, 0], [10, 11, 0, 0])


def test_data_without_a_known_shape_and_size_are_not_chunked():
    large = tf.data.Dataset.from_tensors((tf.zeros((MOST_BYTES // 8,)),))
    assert chunked(large, 2) is not None and chunked(large, 3) is None
    assert chunked(tf.data.Dataset.from_tensor_slices(UNLABELED).batch(10), 4) is None
    assert chunked(training_data().repeat(), 4) is None


def test_steps_in_a_call_are_a_function_of_the_networks_size():
    sizes = (0, 700, 531_000, 10**9)
    steps = [default_steps_per_execution([tf.TensorSpec((size,))]) for size in sizes]
    assert steps == [64, 64, 31, 1]
    moons, mnist = mlp_autoencoder((2,), 1, (20, 20), "linear"), mlp_autoencoder((28, 28, 1))
    for networks, expected in ((moons, 64), (mnist, 31)):
        model = VABC(*networks)
        model.compile()
        assert (model.steps_per_execution, model.jit_compile) == (expected, False)
    model.compile(run_eagerly=True)
    assert model.steps_per_execution == 1


FIRST_STEPS = """
import json
import keras
import numpy as np
import keras_vabc as kv

STEPS = 20
rng = np.random.default_rng(4)
images = rng.integers(0, 256, (820, 28, 28, 1)).astype("uint8")
result = {}


class Losses(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        means.append(float(logs["loss"]))


for name, networks in {
    "mlp": kv.mlp_autoencoder((28, 28, 1), 2, (300, 100), seed=1),
    "conv": kv.conv_autoencoder((28, 28, 1), 4, (8, 16), 32, seed=1),
}.items():
    rescaling = keras.layers.Rescaling(1 / 255)
    model = kv.VABC(*networks, sigma2=2.5, gamma=0.05, preprocessing=rescaling, seed=2)
    means = []
    model.compile(steps_per_execution=1)
    data = kv.balanced_dataset(images[:800], images[800:], 80, seed=5)
    model.fit(data, epochs=1, verbose=0, callbacks=[Losses()])
    sums = np.arange(1, STEPS + 1) * means
    result[name] = np.diff(sums, prepend=0).tolist()
    result[name + " steps"] = int(model.optimizer.iterations)
    result[name + " compiled"] = model.jit_compile
print(json.dumps(result))
"""


def test_the_first_steps_are_the_same_whatever_the_cpu_can_do():
    """Rounding aside: noise, rows and steps, hence losses, are those of seeds and arguments."""
    environments = (os.environ, {**os.environ, "ONEDNN_MAX_CPU_ISA": "SSE41"})
    command = [sys.executable, "-W", "ignore", "-c", FIRST_STEPS]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=env, **pipes) for env in environments]
    results = []
    for process in processes:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-3000:]
        results.append(json.loads(output.splitlines()[-1]))
    for name in ("mlp", "conv"):
        np.testing.assert_allclose(results[1][name], results[0][name], rtol=1e-4)
        assert [result[name + " steps"] for result in results] == [20, 20]
        assert not any(result[name + " compiled"] for result in results)
