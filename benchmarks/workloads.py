"""The paper's networks, data of the paper's shapes, and their matrix products alone.

The data are random, so that nothing needs to be downloaded: times hardly depend on the values.
"""

import dataclasses
import math
import time

import numpy as np
from side_by_side import timed

BATCH = 80
BLOCK_ROWS = 1024  # in a forward product; from 256 to 8,192 its speed is the same to 10 %
FLOOR_BLOCKS = 8  # blocks that forward products are computed of in turn


@dataclasses.dataclass(frozen=True)
class Workload:
    """One of the paper's experiments, as far as its speed is concerned.

    Attributes:
        shape: Shape of an example: images are uint8, vectors float32.
        units: Sizes of the encoder's hidden layers.
        latent_dim: Number of latents.
        output_activation: Activation of the decoder's output.
        loss: `sigma2`, `gamma` and `penalty_weight`.
        unlabeled: Rows of the unlabeled fold.
        unwanted: Rows of the unwanted fold.
        epochs: Epochs that are measured in one round.
    """

    shape: tuple
    units: tuple
    latent_dim: int
    output_activation: str
    loss: dict
    unlabeled: int
    unwanted: int
    epochs: int = 1

    @property
    def encoder_sizes(self):
        """Widths of the encoder, its two heads as one of twice the latents."""
        return (math.prod(self.shape), *self.units, 2 * self.latent_dim)

    @property
    def decoder_sizes(self):
        """Widths of the decoder."""
        return (self.latent_dim, *reversed(self.units), math.prod(self.shape))

    @property
    def is_image(self):
        """Whether the examples are images."""
        return len(self.shape) == 3

    def small(self):
        """The same on less data, for a smoke run."""
        return dataclasses.replace(self, unlabeled=800, unwanted=200, epochs=1)

    def rows(self, count, seed):
        """Random examples, shape `(count, *shape)`: images with one pixel in five lit, or vectors.

        Args:
            count: Number of examples.
            seed: Seed of the values.

        Returns:
            Array, uint8 or float32.
        """
        rng = np.random.default_rng(seed)
        size = (count, *self.shape)
        if not self.is_image:
            return rng.standard_normal(size, "float32")
        pixels = rng.integers(0, 256, size, "uint8")
        pixels[rng.integers(0, 5, size, "uint8") > 0] = 0
        return pixels

    def folds(self):
        """`(unlabeled, unwanted)` arrays."""
        return self.rows(self.unlabeled, 0), self.rows(self.unwanted, 1)

    def unit_rows(self):
        """Both folds flattened, as float32 in the range of the decoder, as PyTorch users keep them.

        Returns:
            `(unlabeled, unwanted)`, shapes `(n, features)`.
        """
        scale = np.float32(1 / 255 if self.is_image else 1)
        return [fold.reshape(len(fold), -1) * scale for fold in self.folds()]

    def model(self):
        """A new `VABC`, not compiled."""
        import keras  # where a contestant uses PyTorch alone, TensorFlow stays out of its process

        import keras_vabc as kv

        networks = kv.mlp_autoencoder(
            self.shape, self.latent_dim, self.units, self.output_activation, seed=0
        )
        preprocessing = keras.layers.Rescaling(1 / 255) if self.is_image else None
        return kv.VABC(*networks, preprocessing=preprocessing, seed=0, **self.loss)


MNIST = Workload(
    shape=(28, 28, 1),
    units=(300, 100),
    latent_dim=2,
    output_activation="sigmoid",
    loss={"sigma2": 2.5, "gamma": 0.05, "penalty_weight": 1.0},
    unlabeled=58_858,
    unwanted=1_142,
)
MOONS = Workload(
    shape=(2,),
    units=(20, 20),
    latent_dim=1,
    output_activation="linear",
    loss={"sigma2": 0.25, "gamma": 1.5, "penalty_weight": 2.0},
    unlabeled=6_000,
    unwanted=4_000,
    epochs=20,
)


def fit_seconds(model, *data, epochs, callbacks=(), **arguments):
    """Seconds of each epoch of one `fit`, without the first, which traces.

    Args:
        model: Compiled Keras model.
        *data: What `fit` takes first.
        epochs: Number of epochs that are measured.
        callbacks: Callbacks of `fit`.
        **arguments: Further arguments of `fit`.

    Returns:
        List of floats.
    """
    import keras

    ends = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
    callbacks = [*callbacks, clock]
    model.fit(*data, epochs=epochs + 1, callbacks=callbacks, verbose=0, **arguments)
    return np.diff(ends).tolist()


def kernels(sizes):
    """Random kernels of dense layers of the given widths.

    Args:
        sizes: Widths, input first.

    Returns:
        List of float32 tensors.
    """
    import tensorflow as tf

    return [
        tf.random.normal((inputs, outputs)) / math.sqrt(inputs)
        for inputs, outputs in zip(sizes, sizes[1:], strict=False)
    ]


def forward_products(x, kernels):
    """The matrix products of the forward pass, one after the other, and nothing else.

    Args:
        x: Tensor of shape `(rows, width)`.
        kernels: List of tensors; one that takes fewer columns than there are takes the first ones,
            as the decoder takes one of the encoder's two heads.

    Returns:
        `(inputs, output)`: what went into each product, and what came out of the last.
    """
    inputs = []
    for kernel in kernels:
        width = kernel.shape[0]
        inputs.append(x if x.shape[1] == width else x[:, :width])
        x = inputs[-1] @ kernel
    return inputs, x


def repeated(products, batches, count):
    """A graph that computes the products of one batch after the other.

    Args:
        products: Function of a batch that returns a list of tensors.
        batches: Tensor of several batches, used in turn.
        count: Number of times.

    Returns:
        Function without arguments that returns when all is computed.
    """
    import tensorflow as tf

    def body(i, _):
        return i + 1, products(batches[i % len(batches)])

    @tf.function(autograph=False)
    def run():
        start = tf.constant(1), products(batches[0])
        # The loop carries and returns the products, so that none of them can be optimized away.
        return tf.while_loop(lambda i, _: i < count, body, start, parallel_iterations=1)

    return run


def forward_floor(sizes, count):
    """A turn of the forward products alone: seconds of one of `count` rows, rounded up to blocks.

    Args:
        sizes: Of each network in turn the widths of its layers, input first.
        count: Number of rows.
    """
    import tensorflow as tf

    weights = [kernel for network in sizes for kernel in kernels(network)]
    rows = tf.random.normal((FLOOR_BLOCKS, BLOCK_ROWS, sizes[0][0]))
    blocks = -(-count // BLOCK_ROWS)
    run = repeated(lambda x: forward_products(x, weights)[1], rows, blocks)
    return timed(run, blocks * BLOCK_ROWS)
