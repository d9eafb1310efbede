"""The sampling layer, and preprocessing layers with their inverses."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

DEVIATIONS = (1e-37, 8e37)  # of which float32 holds the inverses without loss


@keras.saving.register_keras_serializable("keras_vabc")
class Sampling(keras.layers.Layer):
    """Draws latents from the posterior by the reparameterization trick.

    `z = z_mean + exp(z_log_var / 2) * eps` with `eps` from a standard normal distribution, so that
    gradients reach both inputs.

    Args:
        seed: Integer or `None`. Seed of the noise where the call gives none.

    Call arguments:
        inputs: `[z_mean, z_log_var]`, each of shape `(batch, latent_dim)`.
        noise_seed: Optional integer tensor of shape `(2,)`. The noise is then a function of it
            alone, which makes a resumed training repeat the noise of an uninterrupted one.

    Returns:
        Tensor of shape `(batch, latent_dim)`.

    Example:
        >>> z = Sampling(seed=0)([np.zeros((2, 3)), np.zeros((2, 3))])
        >>> z.shape
        TensorShape([2, 3])

    References:
        - [Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), section 2.4.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        """Makes no weights."""
        self.built = True

    def call(self, inputs, noise_seed=None):
        """Draws one latent for each row."""
        z_mean, z_log_var = inputs
        if noise_seed is None:
            noise = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        else:
            noise = tf.random.stateless_normal(tf.shape(z_mean), noise_seed)
        return z_mean + ops.exp(0.5 * z_log_var) * ops.cast(noise, z_mean.dtype)

    def compute_output_shape(self, input_shape):
        """Shape of `z_mean`."""
        return input_shape[0]

    def get_config(self):
        """Arguments of the constructor."""
        return {**super().get_config(), "seed": self.seed}


def standardization(mean, deviation):
    """A `Rescaling` that standardizes the columns of vectors, of whatever scale.

    `keras.layers.Normalization` takes deviations below 1e-7 for 1e-7, and its variances overflow
    from deviations of 1e19 on. Mean and deviation, which is above 0, are float64 of shape
    `(features,)`.
    """
    scale = 1 / np.clip(deviation, *DEVIATIONS)
    return keras.layers.Rescaling(scale.tolist(), (-mean * scale).tolist(), dtype="float32")


def prepare_preprocessing(preprocessing, input_shape):
    """Builds a preprocessing layer, and lets it compute in float32 under any global policy.

    A `Normalization` layer that has neither been adapted nor given statistics is a `ValueError`.
    """
    if preprocessing is None:
        return
    preprocessing.dtype_policy = "float32"
    if not isinstance(preprocessing, keras.layers.Normalization):
        return
    if preprocessing.input_mean is not None:
        preprocessing.build(input_shape)
    elif preprocessing.built:
        preprocessing.finalize_state()  # its statistics are cast anew, from the float32 weights
    else:
        raise ValueError(
            "preprocessing must be adapted: call preprocessing.adapt(data) first. "
            f"Received: preprocessing={preprocessing}."
        )


def affine_of(preprocessing):
    """Scale and offset of a preprocessing layer, which computes `scale * x + offset`.

    They are float32 arrays that broadcast against a batch of data. A `TypeError` for a layer that
    is neither a `Rescaling` nor an adapted `Normalization`, since it could not be inverted in
    `sample`.
    """
    if preprocessing is None:
        return np.float32(1.0), np.float32(0.0)
    if isinstance(preprocessing, keras.layers.Rescaling):
        return np.float32(preprocessing.scale), np.float32(preprocessing.offset)
    if isinstance(preprocessing, keras.layers.Normalization):
        mean, variance = (np.asarray(v) for v in (preprocessing.mean, preprocessing.variance))
        deviation = np.maximum(np.sqrt(variance), keras.config.epsilon())
        if preprocessing.invert:
            return deviation, mean
        return 1.0 / deviation, -mean / deviation
    raise TypeError(
        "preprocessing must be a Rescaling layer, a Normalization layer or None. "
        f"Received: preprocessing={preprocessing}."
    )


def noise_seed(seed, stream, step):
    """The `noise_seed` of a step: another one for each step, replica and stream of noise.

    The stream is 0 in training and 1 in testing; the result is an integer tensor of shape `(2,)`.
    """
    context = tf.distribute.get_replica_context()
    replica = tf.cast(context.replica_id_in_sync_group, "int64")
    replicas = context.num_replicas_in_sync
    step = tf.cast(ops.convert_to_tensor(step), "int64") * replicas + replica
    return tf.stack([tf.constant(2 * seed + stream, "int64"), step])
