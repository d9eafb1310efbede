"""The VAE of Keras' code examples, with dense layers of any sizes.

Reference: https://keras.io/examples/generative/vae/
"""

import keras
import tensorflow as tf
from keras import layers, ops


class Sampling(layers.Layer):
    """Draws latents around their means."""

    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator(0)

    def call(self, inputs):
        """Latents of shape `(batch, latent_dim)`."""
        z_mean, z_log_var = inputs
        noise = keras.random.normal(ops.shape(z_mean), seed=self.generator)
        return z_mean + ops.exp(0.5 * z_log_var) * noise


class ExampleVAE(keras.Model):
    """A VAE with a train step of its own: binary cross-entropy and KL divergence.

    Args:
        workload: `Workload` that gives the sizes; examples are flat.
    """

    def __init__(self, workload):
        super().__init__()
        features, *hidden, _ = workload.encoder_sizes
        inputs = x = keras.Input((features,))
        for size in hidden:
            x = layers.Dense(size, activation="relu")(x)
        z_mean = layers.Dense(workload.latent_dim)(x)
        z_log_var = layers.Dense(workload.latent_dim)(x)
        z = Sampling()([z_mean, z_log_var])
        self.encoder = keras.Model(inputs, [z_mean, z_log_var, z])

        latents = x = keras.Input((workload.latent_dim,))
        for size in reversed(hidden):
            x = layers.Dense(size, activation="relu")(x)
        outputs = layers.Dense(features, activation="sigmoid")(x)
        self.decoder = keras.Model(latents, outputs)
        self.trackers = [keras.metrics.Mean(name) for name in ("loss", "reconstruction", "kl")]

    @property
    def metrics(self):
        """Means of the loss and of its parts."""
        return self.trackers

    def train_step(self, data):
        """One step of the optimizer."""
        with tf.GradientTape() as tape:
            z_mean, z_log_var, z = self.encoder(data)
            crossentropy = keras.losses.binary_crossentropy(data, self.decoder(z))
            reconstruction = ops.mean(crossentropy) * data.shape[1]
            kl = -0.5 * (1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
            kl = ops.mean(ops.sum(kl, axis=1))
            loss = reconstruction + kl
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        for tracker, value in zip(self.trackers, (loss, reconstruction, kl), strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.trackers}
