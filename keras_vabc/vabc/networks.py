"""Builders of encoder and decoder networks, and the contract that they fulfil.

The contract: `encoder(x)` returns `[z_mean, z_log_var]`, each of shape `(batch, latent_dim)`;
`decoder(z)` returns the mean, shaped like `x`. Both are built Keras models, so any two that a user
writes by hand serve as well.
"""

import itertools
import math

import keras
from keras import layers

from keras_vabc.data.checks import check_whole
from keras_vabc.files.keras_settings import check_keras_settings

OUTPUT_RANGES = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "softplus": (0.0, math.inf),
}
# Not that of the user's own keras.json: height, width, channels is the order of the data.
CHANNELS_LAST = {"data_format": "channels_last"}
CONVOLUTION = {"kernel_size": 4, "strides": 2, "padding": "same", **CHANNELS_LAST}


def mlp_autoencoder(
    input_shape, latent_dim=2, units=(300, 100), output_activation="sigmoid", seed=None
):
    """Fully connected encoder and decoder for vectors or images.

    The defaults are the paper's networks for MNIST (section V-B).

    Args:
        input_shape: Shape of one example, without the batch axis: `(features,)`, `(height, width,
            channels)` or any other.
        latent_dim: Number of latents.
        units: Sizes of the encoder's hidden ReLU layers, outer first; the decoder mirrors them.
        output_activation: Activation of the decoder's output, as Keras names it.
        seed: Integer or `None`. Seed of the initial weights.

    Returns:
        `(encoder, decoder)`, two `keras.Model`s.

    Raises:
        ValueError: If a size is not positive.
        RuntimeError: If Keras is set to another backend or type of weights.

    Example:
        >>> encoder, decoder = mlp_autoencoder((2,), latent_dim=1, units=(20, 20),
        ...                                    output_activation="linear")
        >>> decoder.output_shape
        (None, 2)
    """
    check_keras_settings()
    _check_sizes(input_shape=input_shape, latent_dim=(latent_dim,), units=units)
    kernels = kernel_initializers(seed)

    inputs = keras.Input(input_shape)
    x = layers.Flatten(**CHANNELS_LAST)(inputs)
    for size in units:
        x = layers.Dense(size, activation="relu", kernel_initializer=next(kernels))(x)
    encoder = keras.Model(inputs, _latent_heads(x, latent_dim, kernels), name="encoder")

    latents = x = keras.Input((latent_dim,))
    for size in reversed(units):
        x = layers.Dense(size, activation="relu", kernel_initializer=next(kernels))(x)
    x = layers.Dense(math.prod(input_shape), kernel_initializer=next(kernels))(x)
    x = layers.Reshape(input_shape)(x)
    mean = layers.Activation(output_activation, dtype="float32", name="mean")(x)
    return encoder, keras.Model(latents, mean, name="decoder")


def conv_autoencoder(
    input_shape,
    latent_dim=16,
    filters=(32, 64),
    units=256,
    output_activation="sigmoid",
    seed=None,
):
    """Convolutional encoder and decoder for images of any height, width and number of channels.

    Each stage of the encoder halves height and width (rounding up); the decoder mirrors it and
    crops what the rounding added.

    Args:
        input_shape: `(height, width, channels)`.
        latent_dim: Number of latents.
        filters: Number of filters of each stage, outer first.
        units: Size of the fully connected layer between the convolutions and the latents.
        output_activation: Activation of the decoder's output, as Keras names it.
        seed: Integer or `None`. Seed of the initial weights.

    Returns:
        `(encoder, decoder)`, two `keras.Model`s.

    Raises:
        ValueError: If `input_shape` has not three axes, or a size is not positive.
    """
    sizes = {"latent_dim": latent_dim, "filters": filters, "units": units}
    return _conv_networks(input_shape, **sizes, output_activation=output_activation, seed=seed)


def residual_autoencoder(
    input_shape,
    latent_dim=64,
    filters=(32, 64),
    blocks=1,
    units=256,
    output_activation="sigmoid",
    seed=None,
):
    """Convolutional encoder and decoder with residual blocks where the images are smallest.

    As `conv_autoencoder`, with SiLU in place of ReLU, and behind the encoder's last stage and
    before the decoder's first one `blocks` times `x = silu(x + conv(silu(conv(x))))`. Each block
    begins as the activation alone, so that more of them do not make training harder to start.

    Args:
        input_shape: `(height, width, channels)`.
        latent_dim: Number of latents.
        filters: Number of filters of each stage, outer first.
        blocks: Number of residual blocks of each network; 0 for none.
        units: Size of the fully connected layer between the convolutions and the latents.
        output_activation: Activation of the decoder's output, as Keras names it.
        seed: Integer or `None`. Seed of the initial weights.

    Returns:
        `(encoder, decoder)`, two `keras.Model`s.

    Raises:
        ValueError: If `input_shape` has not three axes, a size is not positive, or `blocks` is
            negative.

    References:
        - [Deep Residual Learning for Image Recognition](https://arxiv.org/abs/1512.03385).
    """
    sizes = {"latent_dim": latent_dim, "filters": filters, "units": units}
    form = {"activation": "silu", "blocks": blocks}
    return _conv_networks(
        input_shape, **sizes, output_activation=output_activation, seed=seed, **form
    )


def check_contract(encoder, decoder):
    """Raises a `ValueError` unless encoder and decoder fulfil this module's contract."""
    outputs = encoder.outputs
    if len(outputs) != 2 or any(len(o.shape) != 2 for o in outputs):
        raise ValueError(
            "encoder must return [z_mean, z_log_var], each of shape (batch, latent_dim). "
            f"Received outputs of shapes {[tuple(o.shape) for o in outputs]}."
        )
    latent_dim = outputs[0].shape[1]
    if outputs[1].shape[1] != latent_dim or decoder.input_shape != (None, latent_dim):
        raise ValueError(
            "z_mean, z_log_var and the decoder's input must have the same size. Received: "
            f"{latent_dim}, {outputs[1].shape[1]} and {decoder.input_shape[1:]}"
        )
    if decoder.output_shape[1:] != encoder.input_shape[1:]:
        raise ValueError(
            "decoder must return what the encoder takes. Received: decoder output "
            f"{decoder.output_shape[1:]}, encoder input {encoder.input_shape[1:]}"
        )


def output_range(decoder):
    """The interval that a decoder's last activation can reach; all numbers where it is unknown."""
    activation = getattr(decoder.layers[-1], "activation", None)
    return OUTPUT_RANGES.get(getattr(activation, "__name__", None), (-math.inf, math.inf))


def _conv_networks(
    input_shape, *, latent_dim, filters, units, output_activation, seed, activation="relu", blocks=0
):
    if len(input_shape) != 3:
        raise ValueError(
            "input_shape must be (height, width, channels); use mlp_autoencoder for vectors. "
            f"Received: input_shape={tuple(input_shape)}."
        )
    check_keras_settings()
    _check_sizes(input_shape=input_shape, latent_dim=(latent_dim,), filters=filters, units=(units,))
    check_whole("blocks", blocks, 0)
    kernels, form = kernel_initializers(seed), {"activation": activation, "blocks": blocks}
    encoder, shapes = _conv_encoder(input_shape, latent_dim, filters, units, kernels, **form)
    return encoder, _conv_decoder(shapes, latent_dim, units, output_activation, kernels, **form)


def _conv_encoder(input_shape, latent_dim, filters, units, kernels, *, activation, blocks):
    """The encoder, and the shapes in front of and behind each of its convolutions."""
    inputs = x = keras.Input(input_shape)
    shapes = [tuple(input_shape)]
    for count in filters:
        x = layers.Conv2D(
            count, activation=activation, kernel_initializer=next(kernels), **CONVOLUTION
        )(x)
        shapes.append(x.shape[1:])
    for _ in range(blocks):
        x = _residual_block(x, activation, kernels)
    x = layers.Flatten(**CHANNELS_LAST)(x)
    x = layers.Dense(units, activation=activation, kernel_initializer=next(kernels))(x)
    return keras.Model(inputs, _latent_heads(x, latent_dim, kernels), name="encoder"), shapes


def _conv_decoder(shapes, latent_dim, units, output_activation, kernels, *, activation, blocks):
    latents = x = keras.Input((latent_dim,))
    for size in (units, math.prod(shapes[-1])):
        x = layers.Dense(size, activation=activation, kernel_initializer=next(kernels))(x)
    x = layers.Reshape(shapes[-1])(x)
    for _ in range(blocks):
        x = _residual_block(x, activation, kernels)
    for stage, (height, width, channels) in reversed(list(enumerate(shapes[:-1]))):
        x = layers.Conv2DTranspose(
            channels,
            activation=activation if stage else None,
            kernel_initializer=next(kernels),
            **CONVOLUTION,
        )(x)
        x = _crop(x, height, width)
    mean = layers.Activation(output_activation, dtype="float32", name="mean")(x)
    return keras.Model(latents, mean, name="decoder")


def _residual_block(x, activation, kernels):
    form = {"kernel_size": 3, "padding": "same", **CHANNELS_LAST}
    count = x.shape[-1]
    change = layers.Conv2D(count, activation=activation, kernel_initializer=next(kernels), **form)(
        x
    )
    change = layers.Conv2D(count, kernel_initializer="zeros", **form)(change)
    return layers.Activation(activation)(layers.Add()([x, change]))


def _latent_heads(x, latent_dim, kernels):
    return [
        layers.Dense(latent_dim, kernel_initializer=next(kernels), dtype="float32", name=name)(x)
        for name in ("z_mean", "z_log_var")
    ]


def _crop(x, height, width):
    excess = ((0, x.shape[1] - height), (0, x.shape[2] - width))
    return layers.Cropping2D(excess, **CHANNELS_LAST)(x) if any(map(any, excess)) else x


def kernel_initializers(seed):
    """Endless stream of Glorot initializers, each with a seed of its own."""
    for offset in itertools.count():
        yield keras.initializers.GlorotUniform(None if seed is None else seed * 1000 + offset)


def _check_sizes(**sizes):
    for name, values in sizes.items():
        if not values or any(not isinstance(v, int) or v < 1 for v in values):
            raise ValueError(
                f"{name} must be made of positive whole numbers. Received: {name}={values}."
            )
