"""Steps that are joined in one call change nothing but the time they take."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_callbacks import Recorder, annealing, tiny_model

from keras_vabc.data.pipeline import balanced_dataset
from keras_vabc.vabc.training_loop import MOST_BYTES, chunked, default_steps, xla_pays

RNG = np.random.default_rng(0)
UNLABELED = RNG.normal(size=(53, 2)).astype("float32")
UNWANTED = RNG.normal(size=(9, 2)).astype("float32")
SIZES = {"batch_size": 10, "seed": 3}


class Steps(keras.callbacks.Callback):
    """Notes where epochs, executions and test batches ended."""

    def __init__(self):
        super().__init__()
        self.ends, self.tested = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(int(self.model.optimizer.iterations))

    def on_test_batch_end(self, batch, logs=None):
        self.tested.append(batch)


def trained(compiling, **settings):
    """A model after two epochs of 10 steps, tested on 11 batches of which the last is smaller."""
    model, steps = tiny_model(compiling=compiling, **settings), Steps()
    data = balanced_dataset(UNLABELED, UNWANTED, **SIZES)
    tests = balanced_dataset(UNLABELED, UNWANTED, shuffle=False, **SIZES)
    options = {"verbose": 0, "callbacks": [*annealing(), steps], "validation_data": tests}
    history = model.fit(data, epochs=2, **options).history
    return model, history, steps


def assert_equal_training(one, other):
    for name, values in one[1].items():
        assert other[1][name] == pytest.approx(values, rel=1e-5), name
    numbers = [model.trainable_weights + model.optimizer.variables for model in (one[0], other[0])]
    for a, b in zip(*numbers, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def stepwise():
    """One call a step, one iterator an epoch: Keras' own way."""
    return trained({"run_eagerly": True})


@pytest.mark.parametrize("steps", [1, 4, 64])
def test_joined_steps_train_and_test_as_single_ones(steps, stepwise):
    joined = trained({"steps_per_execution": steps})
    assert_equal_training(stepwise, joined)
    ends = [min(start + steps, 10) for start in range(0, 10, steps)]
    assert joined[2].ends == ends + [10 + end for end in ends]
    assert len(joined[2].tested) == 2 * len(range(0, 11, steps))


def test_xla_trains_as_single_steps(monkeypatch):
    single = trained({"run_eagerly": True}, stochastic=False)  # XLA draws another noise
    xla = {"steps_per_execution": 4, "jit_compile": True}
    assert_equal_training(single, trained(xla, stochastic=False))
    monkeypatch.setattr("keras_vabc.vabc.training_loop.MOST_BYTES", 0)  # one program a step
    assert_equal_training(single, trained(xla, stochastic=False))


def test_each_epoch_and_each_test_is_one_pass_over_the_data():
    model = tiny_model(compiling={"steps_per_execution": 4})
    data = balanced_dataset(UNLABELED, UNWANTED, **SIZES)
    tests = balanced_dataset(UNLABELED, UNWANTED, shuffle=False, **SIZES)
    seen = []

    class Place(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((data.epoch_count.next_epoch, tests.epoch_count.next_epoch))

    model.fit(data, epochs=3, verbose=0, validation_data=tests, callbacks=[Place()])
    assert seen == [(1, 1), (2, 2), (3, 3)], "an epoch began ahead of time"
    alone = model.evaluate(tests, verbose=0, return_dict=True)
    assert model.evaluate(tests, verbose=0, return_dict=True) == alone
    assert model.evaluate(tests, steps=5, verbose=0, return_dict=True) != alone


def test_evaluation_equals_that_of_single_batches():
    tests = balanced_dataset(UNLABELED, UNWANTED, shuffle=False, **SIZES)
    compiling = ({"run_eagerly": True}, {"steps_per_execution": 4}, {"steps_per_execution": 64})
    results = [tiny_model(compiling=c).evaluate(tests, verbose=0) for c in compiling]
    np.testing.assert_allclose(results[1:], results[:1] * 2, rtol=1e-5)


def test_data_of_any_kind_take_the_steps_they_should():
    smaller = tf.data.Dataset.from_tensor_slices((UNLABELED, np.ones(53, "float32"))).batch(10)
    assert chunked(smaller, 4) is None
    model, recorder = tiny_model(compiling={"steps_per_execution": 4}), Recorder()
    model.fit(smaller, epochs=2, verbose=0, callbacks=[recorder])
    assert int(model.optimizer.iterations) == 12
    model.fit(balanced_dataset(UNLABELED, UNWANTED, **SIZES), epochs=1, verbose=0)
    model.fit(smaller, epochs=1, verbose=0)
    assert int(model.optimizer.iterations) == 12 + 10 + 6
    endless = balanced_dataset(UNLABELED, UNWANTED, **SIZES).repeat()
    assert chunked(endless, 4) is None
    model.fit(endless, epochs=2, steps_per_epoch=3, verbose=0)
    assert int(model.optimizer.iterations) == 28 + 6
    halves = balanced_dataset(UNLABELED, UNWANTED, **SIZES)
    model.fit(halves, epochs=5, steps_per_epoch=4, verbose=0)  # two passes in five epochs
    assert int(model.optimizer.iterations) == 34 + 20
    assert halves.epoch_count.next_epoch == 2
    unknown = smaller.filter(lambda x, y: True)
    with pytest.warns(UserWarning, match="ran out of data"):  # Keras' way to learn a size
        model.fit(unknown, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 54 + 12


def test_chunks_end_with_the_epoch_and_are_filled_up():
    data = tf.data.Dataset.from_tensor_slices(np.arange(1.0, 11).reshape(10, 1, 1))
    chunks = list(chunked(data.map(lambda x: (x, x + 1)), 4).take(6))
    assert [int(count) for count, _ in chunks] == [4, 4, 2, 4, 4, 2]
    (x, y) = chunks[2][1]
    np.testing.assert_array_equal(x[:, 0, 0], [9, 10, 0, 0])
    np.testing.assert_array_equal(y[:, 0, 0], [10, 11, 0, 0])


def test_steps_in_a_call_are_bounded_by_work_and_by_data():
    sizes = (0, 700, 531_000, 10**9)
    assert [default_steps([tf.TensorSpec((size,))]) for size in sizes] == [64, 64, 31, 1]
    large = tf.data.Dataset.from_tensors((tf.zeros((MOST_BYTES // 8,)),))
    assert chunked(large, 2) is not None and chunked(large, 3) is None
    assert tiny_model().steps_per_execution == 1
    model = tiny_model(compiling={"steps_per_execution": None})
    assert model.steps_per_execution == 64
    model.compile(run_eagerly=True)
    assert model.steps_per_execution == 1


def test_xla_compiles_large_dense_networks_on_cpus_without_avx512(monkeypatch, tmp_path):
    monkeypatch.setattr("keras_vabc.vabc.training_loop.XLA_WEIGHTS", 100_000)
    large, small, conv = (
        [tf.TensorSpec(shape)] for shape in ((400, 400), (400, 4), (3, 3, 400, 400))
    )
    for flags, pays in (("fma avx2", True), ("fma avx2 avx512f", False)):
        (tmp_path / "cpuinfo").write_text(f"flags : {flags}")
        monkeypatch.setattr("keras_vabc.vabc.training_loop.CPU_INFO", tmp_path / "cpuinfo")
        assert [xla_pays(v) for v in (large, small, conv)] == [pays, False, False]
    monkeypatch.setattr("keras_vabc.vabc.training_loop.CPU_INFO", tmp_path / "absent")
    assert not xla_pays(large)
