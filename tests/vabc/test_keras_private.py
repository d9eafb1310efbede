"""What the package relies on that Keras and TensorFlow do not promise.

Each line says what is used, where, and on which versions it was seen to do what its test asserts.
Where a test fails on another version, that use must be changed; nothing else tells.

| used | where | seen on |
| --- | --- | --- |
| `Model._initial_epoch` | `checkpoint.py` | Keras 3.15.1 |
| `Model.train_function`, `.test_function`, how `fit` calls them | `training.py` | Keras 3.15.1 |
| `Model.distribute_strategy` | `training.py`, `training_loop.py` | Keras 3.15.1 |
| `Adam._get_variable_index`, `._momentums`, `._velocities` | `optimizers.py` | Keras 3.15.1 |
| `Normalization.input_mean`, `.finalize_state` | `layers.py` | Keras 3.15.1 |
| attributes in which callbacks keep their state | `training_state.py` | Keras 3.15.1 |
| the store that `load_own_variables` is given | `model.py` | Keras 3.15.1 |
| `tf.data.Dataset._inputs` | `fit_data.py` | TensorFlow 2.21.0 |
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.vabc.training_state import STATES

X = np.arange(24, dtype="float32").reshape(12, 2) / 24
Y = X[:, :1]


def stock_model(**compiling):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", **compiling)
    return model


def test_a_callback_sets_the_epoch_that_fit_begins_with():
    class Later(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model._initial_epoch = 3

    model = stock_model(run_eagerly=True)
    assert model._initial_epoch is None
    assert model.fit(X, Y, epochs=5, verbose=0, callbacks=[Later()]).epoch == [3, 4]
    model._initial_epoch = None
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


class Spy(keras.Model):
    """Notes what its functions of an iterator are given; on the first call it swaps one."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.calls = {"train": [], "swapped": [], "test": [], "evaluate": []}

    def call(self, x):
        return self.dense(x)

    def noting(self, name, function):
        def noted(iterator):
            self.calls[name].append(isinstance(iterator, tf.data.Iterator))
            self.train_function = swapped if name == "train" else self.train_function
            return function(iterator)

        def swapped(iterator):
            self.calls["swapped"].append(isinstance(iterator, tf.data.Iterator))
            return function(iterator)

        return noted

    def make_train_function(self, force=False):
        if force or self.train_function is None:
            super().make_train_function(force=True)
            self.train_function = self.noting("train", self.train_function)

    def make_test_function(self, force=False):
        if force or self.test_function is None:
            super().make_test_function(force=True)
            self.test_function = self.noting("test", self.test_function)

    def evaluate(self, *args, **kwargs):
        self.calls["evaluate"].append(True)
        return super().evaluate(*args, **kwargs)


def test_fit_asks_for_its_functions_and_reads_them_anew_at_each_call():
    model = Spy()
    model.compile("sgd", "mse", run_eagerly=True, steps_per_execution=2)
    model.fit(X, Y, 3, epochs=2, verbose=0, validation_data=(X, Y))
    assert model.calls["train"] == [True]
    assert model.calls["swapped"] == [True] * 3
    assert model.calls["test"] == [True] * 4, "two calls of two steps in each of two epochs"
    assert model.calls["evaluate"] == [True] * 2
    model.train_on_batch(X, Y)
    assert model.calls["swapped"][-1] is False, "a single batch comes from a generator"


def test_fit_reads_the_steps_of_a_call_as_it_begins():
    model, ends = stock_model(run_eagerly=True, steps_per_execution=4), []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(batch))
    model.steps_per_execution = 1
    model.fit(X, Y, 3, verbose=0, callbacks=[note])
    assert ends == [0, 1, 2, 3]


def test_a_model_knows_the_strategy_it_was_made_in():
    assert stock_model().distribute_strategy is tf.distribute.get_strategy()
    strategy = tf.distribute.OneDeviceStrategy("cpu:0")
    with strategy.scope():
        assert stock_model().distribute_strategy is strategy
        assert tf.distribute.has_strategy()


def test_adam_keeps_its_moments_in_the_order_of_its_variables():
    weights = [keras.Variable(np.zeros(size, "float32")) for size in (2, 3)]
    optimizer = keras.optimizers.Adam(beta_1=0.75, beta_2=0.5)
    optimizer.build(weights)
    gradients = [np.arange(1.0, 1 + size) for size in (2, 3)]
    optimizer.apply([tf.constant(g, "float32") for g in gradients], weights)
    for weight, gradient in zip(weights, gradients, strict=True):
        index = optimizer._get_variable_index(weight)
        np.testing.assert_allclose(optimizer._momentums[index], 0.25 * gradient)
        np.testing.assert_allclose(optimizer._velocities[index], 0.5 * gradient**2)
        assert optimizer._momentums[index].value.handle.dtype == tf.resource


def test_normalization_tells_given_statistics_from_adapted_ones():
    given = keras.layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    adapted = keras.layers.Normalization()
    assert given.input_mean is not None and adapted.input_mean is None
    adapted.adapt(X)
    adapted.adapt_mean.assign([1.0, 2.0])
    adapted.finalize_state()
    np.testing.assert_allclose(adapted.mean, [[1.0, 2.0]])


CALLBACKS = {
    keras.callbacks.EarlyStopping: {"patience": 3, "restore_best_weights": True},
    keras.callbacks.ReduceLROnPlateau: {"patience": 3},
    keras.callbacks.ModelCheckpoint: {"filepath": "unused.keras", "save_best_only": True},
}


@pytest.mark.parametrize("kind", STATES, ids=lambda kind: kind.__name__)
def test_callbacks_keep_their_state_where_it_is_restored(kind, monkeypatch):
    """A metric that is best in the first epoch moves all of it."""
    callback, model = kind(monitor="score", mode="min", **CALLBACKS[kind]), stock_model()
    monkeypatch.setattr(model, "save", lambda *args, **kwargs: None)
    callback.set_model(model)
    callback.set_params({})
    callback.on_train_begin()
    for epoch, score in enumerate((1.0, 2.0, 3.0)):
        callback.on_epoch_end(epoch, {"score": score})
    state = {name: getattr(callback, name) for name in STATES[kind]}
    assert state["best"] == 1.0
    assert state.get("wait", 2) == 2
    assert state.keys() <= vars(callback).keys()
    if kind is keras.callbacks.EarlyStopping:
        assert len(callback.best_weights) == 2


def test_a_layers_own_variables_are_stored_by_number(tmp_path):
    seen = {}

    class Own(keras.layers.Dense):
        def load_own_variables(self, store):
            seen.update({key: store[key].shape for key in store.keys()}, length=len(store))
            super().load_own_variables(store)

    model = keras.Sequential([keras.Input((2,)), Own(3)])
    model.save_weights(tmp_path / "x.weights.h5")
    model.load_weights(tmp_path / "x.weights.h5")
    assert seen == {"0": (2, 3), "1": (3,), "length": 2}


def sources(dataset):
    """The data sets that it is made from, and that are made from none."""
    below = dataset._inputs()
    return [source for part in below for source in sources(part)] if below else [dataset]


def test_a_data_set_knows_those_that_it_is_made_from():
    first, second = (tf.data.Dataset.range(8) for _ in range(2))
    for made in (tf.data.Dataset.zip(first, second), first.concatenate(second)):
        assert sources(made) == [first, second]
    for made in (
        first.map(lambda x: x),
        first.filter(lambda x: x > 1),
        first.batch(2),
        first.take(3),
        first.repeat(),
        first.enumerate().prefetch(1),
        first.with_options(tf.data.Options()),
        first.apply(tf.data.experimental.assert_cardinality(8)),
    ):
        assert any(source is first for source in sources(made))
