"""`compile`, `fit` and `evaluate`: methods of `VABC`, in the form that Keras calls them."""

# ruff: noqa: D417 - `model` is the `self` of these methods

import keras
import tensorflow as tf

from keras_vabc.data.streams import stream_errors_as_value_errors
from keras_vabc.vabc import names
from keras_vabc.vabc.checkpoint import checkpoint_last
from keras_vabc.vabc.data_range import range_checked
from keras_vabc.vabc.optimizers import FusedAdam
from keras_vabc.vabc.training_loop import default_steps_per_execution


def compile(model, optimizer=None, *, steps_per_execution=None, jit_compile="auto", **kwargs):
    """Configures training; the loss is the model's own.

    No number that is trained depends on `steps_per_execution`, but for rounding.

    Args:
        optimizer: Any Keras optimizer; by default `FusedAdam` with Adam's default arguments, as
            in the paper.
        steps_per_execution: Steps between two returns to Python, where callbacks may act. By
            default `2**24` over the number of trainable weights, rounded down, but at least 1
            and at most 64; and 1 where steps cannot be joined: with `run_eagerly` or under a
            distribution strategy.
        jit_compile: Whether XLA compiles the steps, which then draw another noise from the same
            seed. `"auto"` is Keras' own rule: no on a CPU or under a distribution strategy, yes
            on a GPU. Where it is on, and `fit` reads a data set of batches of one size once in
            each epoch, all steps between two returns to Python are one program.
        **kwargs: `run_eagerly` and `auto_scale_loss`, as in Keras.

    Raises:
        ValueError: If a loss or metrics are given, which would be ignored.
    """
    for argument in ("loss", "loss_weights", "metrics", "weighted_metrics"):
        value = kwargs.pop(argument, None)
        if value is not None:
            raise ValueError(
                f"compile takes no {argument}: VABC computes its own loss and metrics. "
                f"Received: {argument}={value}."
            )
    single = kwargs.get("run_eagerly", False) or tf.distribute.has_strategy()
    if steps_per_execution is None:
        variables = model.trainable_variables
        steps_per_execution = 1 if single else default_steps_per_execution(variables)
    keras.Model.compile(
        model,
        FusedAdam() if optimizer is None else optimizer,
        steps_per_execution=steps_per_execution,
        jit_compile=jit_compile,
        **kwargs,
    )
    model.optimizer.build(model.trainable_variables)


def get_compile_config(model):
    """What `compile_from_config` needs to compile the same model again; None if it is not."""
    if not model.compiled:
        return None
    return {
        "optimizer": keras.saving.serialize_keras_object(model.optimizer),
        "steps_per_execution": model.steps_per_execution,
        "jit_compile": model.jit_compile,
    }


def compile_from_config(model, config):
    """Compiles the model as `get_compile_config` says."""
    config = {**config, "optimizer": keras.saving.deserialize_keras_object(config["optimizer"])}
    model.compile(**config)


def fit(model, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, **kwargs):
    """Trains the model, as `keras.Model.fit`; what it does beyond that is said here.

    The noise is a function of the model's seed and the optimizer step, the order of the rows
    one of the data set's seed and the epoch (of Keras' global seed for arrays with `shuffle`).
    Both, and the number of steps, are the same for any `steps_per_execution`. Without annealing
    callbacks, gamma and the KL weight have their final values. An epoch that is given
    `steps_per_epoch` for data that may run out returns to Python after each step.

    Args:
        x: A `tf.data.Dataset` of `(x, y)` batches (see `balanced_dataset`), or an array, or a
            table of numbers. The model keeps the names of a table's columns, or of those that a
            `balanced_dataset` was made of, and finds columns of other tables by them.
        y: For an array `x`: 1 for unlabeled, 0 for unwanted, or between, shape `(n,)` or `(n,
            1)`.
        batch_size: Rows per batch for arrays.
        epochs: Passes over the data.
        verbose: As in Keras.
        callbacks: As in Keras; a `Checkpoint` is called after all others.
        **kwargs: As in Keras. `class_weight` is refused: give `sample_weight`, or choose the
            share of unwanted data in `balanced_dataset`. `shuffle` is for arrays alone.

    Returns:
        `keras.callbacks.History`.

    Raises:
        ValueError: If the first batch lies outside the decoder's range after preprocessing, if
            an array is not finite, if a stream holds bad data (the message names the batch), or
            on `class_weight`.
    """
    if kwargs.get("class_weight") is not None:
        raise ValueError(
            "fit takes no class_weight; use sample_weight, or unwanted_share of the data set. "
            f"Received: class_weight={kwargs['class_weight']}."
        )
    x = names.taken(model, x)
    held_out = kwargs.get("validation_data")
    if isinstance(held_out, tuple):
        kwargs["validation_data"] = names.numbers_of(model, held_out[0], "x"), *held_out[1:]
    model.anneal_gamma(model.gamma, 0)
    model.anneal_kl(0)
    callbacks = checkpoint_last(callbacks, {"x": x, "y": y, "batch_size": batch_size, **kwargs})
    with (
        stream_errors_as_value_errors(),
        model.training_loop.fitting(range_checked(model, x), kwargs) as (x, kwargs),
    ):
        if isinstance(x, tf.data.Dataset):
            kwargs["shuffle"] = False  # Keras would warn that it ignores it
        return keras.Model.fit(model, x, y, batch_size, epochs, verbose, callbacks, **kwargs)


def evaluate(
    model,
    x=None,
    y=None,
    batch_size=None,
    verbose="auto",
    sample_weight=None,
    steps=None,
    **kwargs,
):
    """Computes the loss at the final gamma and KL weight, as `keras.Model.evaluate`.

    The noise differs between batches and repeats from one evaluation to the next. So do the
    batches: `steps` are the first ones, for any `steps_per_execution`.
    """
    x = names.numbers_of(model, x)
    model.training_loop.start_test(x, steps)
    with stream_errors_as_value_errors():
        return keras.Model.evaluate(
            model, x, y, batch_size, verbose, sample_weight, steps, **kwargs
        )


def make_train_function(model, force=False):
    """Makes a function of an iterator that takes up to `steps_per_execution` steps."""
    if force or model.train_function is None:
        keras.Model.make_train_function(model, force=True)
        model.train_function = model.training_loop.train_function(model.train_function)


def make_test_function(model, force=False):
    """Makes a function of an iterator that tests on up to `steps_per_execution` batches."""
    if force or model.test_function is None:
        keras.Model.make_test_function(model, force=True)
        model.test_function = model.training_loop.test_function(model.test_function)
