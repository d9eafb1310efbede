"""The networks of a classifier, and what one of the user's own must be."""

import keras
import numpy as np
from keras import layers

from keras_vabc.vabc.layers import standardization
from keras_vabc.vabc.networks import CHANNELS_LAST, kernel_initializers

SMALL = "small"  # stands for a `logit_network`
STATISTICS_ROWS = 4096  # enough for means and variances


def logit_network(x, seed):
    """A network for images or vectors that returns one logit, shape `(batch, 1)`.

    Images `(height, width, channels)` pass two strided convolutions, vectors `(features,)` two
    dense layers. The first layer standardizes each channel or feature, by means and variances of
    the array `x`. The seed is that of the initial weights and of the dropout.
    """
    kernels = kernel_initializers(seed)
    relu = {"activation": "relu", "dtype": "float32"}
    convolution = {"strides": 2, "padding": "same", **CHANNELS_LAST, **relu}
    some = x[:: -(-len(x) // STATISTICS_ROWS)].astype("float64")
    axes = tuple(range(x.ndim - 1))
    mean, variance = some.mean(axis=axes), some.var(axis=axes)
    variance = np.where(variance > 0, variance, 1.0)
    if x.ndim == 4:
        standardize = layers.Normalization(
            mean=mean.tolist(), variance=variance.tolist(), dtype="float32"
        )
    else:
        standardize = standardization(mean, np.sqrt(variance))

    inputs = keras.Input(x.shape[1:], dtype="float32")
    features = standardize(inputs)
    if x.ndim == 4:
        for filters in (16, 32):
            features = layers.Conv2D(filters, 5, kernel_initializer=next(kernels), **convolution)(
                features
            )
        features = layers.Flatten(dtype="float32", **CHANNELS_LAST)(features)
    else:
        features = layers.Dense(128, kernel_initializer=next(kernels), **relu)(features)
    features = layers.Dense(128, kernel_initializer=next(kernels), **relu)(features)
    features = layers.Dropout(0.4, seed=seed, dtype="float32")(features)
    logit = layers.Dense(1, kernel_initializer=next(kernels), dtype="float32")(features)
    return keras.Model(inputs, logit)


def checked_network(network):
    """`network` if it is a built model of one logit, or a `ValueError`."""
    shape = getattr(network, "output_shape", None)
    if not isinstance(network, keras.Model) or shape != (None, 1):
        raise ValueError(
            f"network must be {SMALL!r}, or a built functional or sequential Keras model that "
            "returns one logit, shape (batch, 1). "
            f"Received: network={network!r}, output shape {shape}."
        )
    return network


def member_network(own, unlabeled, member, seed):
    """The untrained network of a member: a `logit_network`, or a copy of the user's own."""
    if own is None or own == SMALL:
        network = logit_network(unlabeled, seed)
    else:
        network = keras.models.clone_model(own)
        network.set_weights(own.get_weights())
    return keras.Model(network.inputs[0], network.outputs[0], name=f"member_{member}")
