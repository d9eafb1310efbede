"""A small network that looks at patches of images, and whose features tell sharp from blurred."""

import keras
import numpy as np
from keras import layers

from keras_vabc.vabc.networks import CHANNELS_LAST, CONVOLUTION, kernel_initializers


def patch_critic(input_shape, filters=(32, 64), seed=0):
    """A critic of images in 0..1: a logit for each patch, higher for what looks real.

    Every convolution is divided by its largest singular value (spectral normalization), so that
    features change no faster than the image.

    Args:
        input_shape: `(height, width, channels)`.
        filters: Number of filters of each stage, outer first; each halves height and width.
        seed: Seed of the initial weights.

    Returns:
        `keras.Model` with the features of each stage and the logits of all patches as outputs.

    References:
        - [Spectral Normalization for Generative Adversarial
          Networks](https://arxiv.org/abs/1802.05957).
    """
    kernels, normalized = kernel_initializers(seed), []

    def convolution(x, count, **form):
        layer = layers.Conv2D(count, kernel_initializer=next(kernels), **form)
        normalized.append(layers.SpectralNormalization(layer))
        return normalized[-1](x)

    inputs = keras.Input(input_shape)
    x, features = layers.Rescaling(2.0, -1.0)(inputs), []
    for count in filters:
        x = layers.LeakyReLU(0.2)(convolution(x, count, **CONVOLUTION))
        features.append(x)
    logits = convolution(x, 1, kernel_size=3, padding="same", **CHANNELS_LAST)
    rng = np.random.default_rng(seed)
    for layer in normalized:  # Keras draws them from its global seed
        layer.vector_u.assign(rng.normal(size=layer.vector_u.shape))
    return keras.Model(inputs, [*features, logits], name="critic")
