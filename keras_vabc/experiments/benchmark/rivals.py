"""Other ways to use the two folds, as small as the comparison needs them."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from keras_vabc.data.blocks import draw_normal
from keras_vabc.recipes.autoencoder import STEPS_PER_EXECUTION, datasets, early_stopping
from keras_vabc.vabc.losses import kl_divergence, reconstruction_error
from keras_vabc.vabc.optimizers import FusedAdam
from keras_vabc.vabc.schedules import anneal

WIDE = 5.0  # standard deviation of the wide normal distribution in CSVAE's second prior


class Rival(keras.Model):
    """A variational autoencoder on both folds with an objective of its own.

    Networks, sigma2, seed and schedule are V-ABC's; encoder and decoder are told `y`, all but the
    CVAE a constant. The objective, a function of `(y, reconstruction, kl, z, z_mean, z_log_var,
    kl_weight)`, gives the loss of a batch, a scalar. The KL divergence is annealed over so many
    `steps`.
    """

    def __init__(self, setting, pixels, objective, *, conditional=False, steps=0):
        super().__init__(name="rival")
        self.encoder, self.decoder = _conditional_networks(setting, pixels)
        self.sigma2, self.seed = setting.sigma2, setting.seed
        self.latent_dim = setting.latent_dim
        self.objective, self.conditional, self.steps = objective, conditional, float(steps)
        self._loss_mean = keras.metrics.Mean("loss")
        self.built = True

    @property
    def metrics(self):
        """Mean of the loss."""
        return [self._loss_mean]

    def train_step(self, data):
        """One optimizer step."""
        x, y = data
        step = self.optimizer.iterations
        kl_weight = anneal(0.0, 1.0, step, self.steps)
        with tf.GradientTape() as tape:
            loss = self._loss(x, y, kl_weight, step)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.get_metrics_result()

    def test_step(self, data):
        """The loss of one batch at the full KL weight."""
        self._loss(*data, 1.0, 0)
        return self.get_metrics_result()

    def _loss(self, x, y, kl_weight, step):
        x = ops.cast(x, "float32") / 255.0
        condition = self._condition(y)
        z_mean, z_log_var = self.encoder([x, condition])
        noise_seed = tf.stack([tf.constant(self.seed, "int64"), tf.cast(step, "int64")])
        noise = tf.random.stateless_normal(tf.shape(z_mean), noise_seed)
        z = z_mean + ops.exp(z_log_var / 2) * noise
        error = reconstruction_error(x, self.decoder([z, condition]), self.sigma2)
        kl = kl_divergence(z_mean, z_log_var)
        loss = self.objective(y, error, kl, z, z_mean, z_log_var, kl_weight)
        self._loss_mean.update_state(loss)
        return loss

    def _condition(self, y):
        y = ops.reshape(y, (-1, 1))
        return y if self.conditional else ops.ones_like(y)

    def sample(self, n, seed):
        """Images `(n, height, width, channels)` at latents from N(0, I), told `y = 1`."""
        z = draw_normal(n, self.latent_dim, seed)
        return 255.0 * self.decoder.predict([z, np.ones((n, 1), "float32")], 1000, verbose=0)


def train_rival(name, setting, folds, negative_share):
    """Trains one of `RIVALS` with V-ABC's data, networks, schedule and early stopping.

    `negative_share` is that of the unlabeled fold, as the NU classifier estimates it.
    """
    training, testing = datasets(setting, folds)
    model = Rival(
        setting,
        folds.unlabeled.shape[1:],
        RIVALS[name](negative_share),
        conditional=name == "cvae",
        steps=setting.anneal_epochs * int(training.cardinality()),
    )
    model.compile(FusedAdam(), steps_per_execution=STEPS_PER_EXECUTION)
    model.fit(
        training,
        epochs=setting.epochs,
        validation_data=testing,
        callbacks=[early_stopping(setting)],
        shuffle=False,
        verbose=0,
    )
    return model


def _cvae(negative_share):
    """Conditional VAE: each fold is reconstructed under its own label (Sohn et al. 2015)."""

    def objective(y, error, kl, z, z_mean, z_log_var, kl_weight):
        return ops.mean(error + kl_weight * kl)

    return objective


def _csvae(negative_share):
    """A second prior for the unwanted: where N(0, I) is not (Kawachi et al. 2018).

    Its density is proportional to that of a wide normal distribution times
    `1 - exp(-||z||^2 / 2)`; the divergence from it is estimated at the drawn latent.
    """

    def objective(y, error, kl, z, z_mean, z_log_var, kl_weight):
        squared = ops.sum(ops.square(z), axis=1)
        wide = -squared / (2 * WIDE**2) - z.shape[1] * np.log(WIDE)
        complement = ops.log(-ops.expm1(-ops.maximum(squared, 1e-6) / 2))
        noise = ops.square(z - z_mean) / ops.exp(z_log_var)
        posterior = -0.5 * ops.sum(z_log_var + noise, axis=1)
        divergence = posterior - wide - complement
        return ops.mean(error + kl_weight * (y * kl + (1 - y) * divergence))

    return objective


def _pu_vae(negative_share):
    """The risk on positives alone, from both folds (du Plessis et al. 2015, Kiryo et al. 2017).

    The unlabeled density is `(1 - s) p(x|+) + s p(x|-)`, so the mean loss on positives is
    `(mean on unlabeled - s * mean on unwanted) / (1 - s)`. It cannot be negative, since neither the
    error nor the divergence can; where the estimate is, the step only undoes what made it so.
    """

    def objective(y, error, kl, z, z_mean, z_log_var, kl_weight):
        losses = error + kl_weight * kl
        unlabeled = ops.sum(y * losses) / ops.maximum(ops.sum(y), 1.0)
        unwanted = ops.sum((1 - y) * losses) / ops.maximum(ops.sum(1 - y), 1.0)
        risk = (unlabeled - negative_share * unwanted) / (1 - negative_share)
        return ops.abs(risk)

    return objective


RIVALS = {"cvae": _cvae, "csvae": _csvae, "pu-vae": _pu_vae}


def _conditional_networks(setting, pixels):
    """V-ABC's dense networks with one more input."""
    kernels = (keras.initializers.GlorotUniform(setting.seed * 1000 + i) for i in range(100))

    def hidden(x, sizes):
        for size in sizes:
            x = layers.Dense(size, activation="relu", kernel_initializer=next(kernels))(x)
        return x

    x, condition = keras.Input(pixels), keras.Input((1,))
    h = hidden(layers.Concatenate()([layers.Flatten()(x), condition]), setting.units)
    heads = [
        layers.Dense(setting.latent_dim, kernel_initializer=next(kernels))(h) for _ in range(2)
    ]
    z, condition_again = keras.Input((setting.latent_dim,)), keras.Input((1,))
    h = hidden(layers.Concatenate()([z, condition_again]), reversed(setting.units))
    mean = layers.Dense(
        int(np.prod(pixels)), activation="sigmoid", kernel_initializer=next(kernels)
    )(h)
    decoder = keras.Model([z, condition_again], layers.Reshape(pixels)(mean))
    return keras.Model([x, condition], heads), decoder
