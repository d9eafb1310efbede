"""From a setting to a trained model, and from a trained model to a result line."""

import math
import time
from typing import NamedTuple

import keras
import numpy as np

from keras_vabc.data.pipeline import balanced_dataset, unlabeled_dataset
from keras_vabc.recipes.own_data import column_spread
from keras_vabc.vabc.callbacks import GammaAnneal, KLAnneal
from keras_vabc.vabc.layers import standardization
from keras_vabc.vabc.losses import equilibrium_penalty_weight
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import conv_autoencoder, mlp_autoencoder, residual_autoencoder
from keras_vabc.vabc.optimizers import FusedAdam

SMALLEST_SIDE = 8  # pixels between the convolutions and the dense layer
STEPS_PER_EXECUTION = 32  # spares about 1 ms of Python a step; no number depends on it


class Trained(NamedTuple):
    """What one training run leaves: the model, its Keras history and its wall time in seconds."""

    model: VABC
    history: dict
    seconds: float


def build(setting, unlabeled, *, steps=None, hidden_share=None):
    """The untrained, compiled model of a setting.

    The unlabeled fold gives its shape and, if it is standardized, its scale. A learning rate that
    decays needs the optimizer `steps` of the whole training, and V-ABC with a target the
    `hidden_share`: that of hidden negatives in the unlabeled fold.
    """
    model = VABC(
        *_networks(setting, unlabeled.shape[1:]),
        sigma2=setting.sigma2,
        gamma=setting.gamma,
        penalty_weight=_penalty_weight(setting, hidden_share),
        preprocessing=_preprocessing(setting, unlabeled),
        sigma2_momentum=setting.sigma2_momentum,
        seed=setting.seed,
    )
    rate = setting.learning_rate
    if setting.decay:
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    averages = {}
    if setting.average is not None:
        averages = {"use_ema": True, "ema_momentum": setting.average}
    optimizer = FusedAdam(rate, global_clipnorm=setting.global_clipnorm, **averages)
    model.compile(optimizer, steps_per_execution=STEPS_PER_EXECUTION)
    return model


def _preprocessing(setting, unlabeled):
    if unlabeled.ndim == 4:
        return keras.layers.Rescaling(1 / setting.pixel_max)
    if not setting.standardize:
        return None
    return _standardization(unlabeled)


def _standardization(unlabeled):
    """The layer that standardizes each column.

    The unit of a constant column is a thousandth of its value: samples then have that value to six
    digits, and a value never seen in training scores high, but not infinitely so.
    """
    mean, deviation, constant = column_spread(unlabeled)
    unit = np.where(mean == 0, 1.0, np.abs(mean)) / 1000
    return standardization(mean, np.where(constant, unit, deviation))


def _networks(setting, input_shape):
    arguments = {
        "latent_dim": setting.latent_dim,
        "output_activation": setting.output_activation,
        "seed": setting.seed,
    }
    if setting.network == "mlp":
        return mlp_autoencoder(input_shape, units=setting.units, **arguments)
    (units,) = setting.units
    builder = residual_autoencoder if setting.network == "residual" else conv_autoencoder
    return builder(input_shape, filters=_filters(input_shape), units=units, **arguments)


def _filters(input_shape):
    """Filters of each stage: twice as many as in the one before, until 8 or fewer pixels are left.

    Two stages at least, as for MNIST, and 128 filters at most.
    """
    stages = max(2, math.ceil(math.log2(max(input_shape[:2]) / SMALLEST_SIDE)))
    return tuple(min(32 * 2**stage, 128) for stage in range(stages))


def _penalty_weight(setting, hidden_share):
    if setting.target is None or setting.method == "vae":
        return setting.penalty_weight
    return equilibrium_penalty_weight(
        setting.target / (2 * setting.sigma2),
        setting.gamma,
        1 / hidden_share,
        setting.unwanted_share,
    )


class Diverged(RuntimeError):
    """A training whose loss is not finite; whoever asked for it knows what could be changed."""


def train_autoencoder(setting, folds, callbacks=(), hidden_share=None, start=None):
    """Trains the model of a setting, as section V-C of the paper says; a `Trained`.

    `hidden_share` is as in `build`. The networks start from the weights of `start`, a `VABC`, if it
    is given; a `ValueError` refuses one with other networks. Raises `Diverged`.
    """
    if setting.average is not None and setting.patience is not None:
        raise ValueError(
            "patience must be None where weights are averaged: the best epoch's would be restored, "
            f"not their average. Received: patience={setting.patience}, average={setting.average}."
        )
    training, testing = datasets(setting, folds)
    model = build(
        setting,
        folds.unlabeled,
        steps=setting.epochs * int(training.cardinality()),
        hidden_share=hidden_share,
    )
    if start is not None:
        _copy_networks(start, model)
    own = []
    if setting.anneal_kl:
        own.append(KLAnneal(setting.anneal_epochs))
    if setting.anneal_gamma and setting.method == "vabc":
        own.append(GammaAnneal(setting.gamma_start, setting.anneal_epochs))
    if setting.patience is not None:
        own.append(early_stopping(setting))
    if setting.average is not None:
        own.append(keras.callbacks.SwapEMAWeights())  # while it tests
    start = time.perf_counter()
    history = model.fit(
        training,
        epochs=setting.epochs,
        validation_data=testing,
        callbacks=[*own, *callbacks],
        verbose=0,
    )
    if not np.isfinite(history.history["val_loss"][-1]):
        raise Diverged(
            f"The training with gamma={setting.gamma:g} and seed={setting.seed} has diverged: its "
            "loss is not finite."
        )
    return Trained(model, history.history, time.perf_counter() - start)


def early_stopping(setting):
    """The Keras callback of a setting with patience."""
    return keras.callbacks.EarlyStopping(
        "val_loss",
        patience=setting.patience,
        start_from_epoch=setting.anneal_epochs,
        restore_best_weights=True,
    )


def _copy_networks(source, target):
    pairs = [(getattr(source, name), getattr(target, name)) for name in ("encoder", "decoder")]
    for old, new in pairs:
        shapes = [[weights.shape for weights in network.get_weights()] for network in (old, new)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                "start must have networks of the same sizes. Received: "
                f"{old.name} with weights of shapes {shapes[0]} for one with {shapes[1]}."
            )
    for old, new in pairs:
        new.set_weights(old.get_weights())


def datasets(setting, folds):
    """Training and test data: of both folds, or for the VAE of the unlabeled fold alone."""
    size, seed = setting.batch_size, setting.seed
    if setting.method == "vae":
        return (
            unlabeled_dataset(folds.unlabeled, batch_size=size, seed=seed),
            unlabeled_dataset(folds.test_unlabeled, batch_size=size, shuffle=False),
        )
    share = {"batch_size": size, "unwanted_share": setting.unwanted_share}
    return (
        balanced_dataset(
            folds.unlabeled, folds.unwanted, unlabeled_y=folds.unlabeled_y, seed=seed, **share
        ),
        balanced_dataset(
            folds.test_unlabeled,
            folds.test_unwanted,
            unlabeled_y=folds.test_unlabeled_y,
            shuffle=False,
            **share,
        ),
    )
