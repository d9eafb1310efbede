"""Rivals that reconstruct a row: V-ABC's own error, and those that its paper names."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.data.blocks import Blockwise
from keras_vabc.data.folds import Folds
from keras_vabc.data.pipeline import balanced_dataset
from keras_vabc.detection.backends import seen
from keras_vabc.recipes.autoencoder import train_autoencoder
from keras_vabc.recipes.own_data import setting_for
from keras_vabc.vabc.layers import standardization
from keras_vabc.vabc.losses import kl_divergence
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import kernel_initializers, mlp_autoencoder
from keras_vabc.vabc.optimizers import FusedAdam

DRAWS = 64  # of the posterior
HIDDEN = 0.1  # share of negatives among the unlabeled rows, for the weight of V-ABC's penalty
LATENTS, UNITS, BATCH, STEPS, VARIANCE = 4, 128, 64, 2000, 0.1  # of the conditional ones
APART, NARROW = 3.0, 0.1  # of the CSVAE: mean of w of the unwanted, deviation of the others'


def vabc(unlabeled, unwanted, known_wanted, seed):
    """V-ABC's error R, by the settings of `keras-vabc train`."""
    return seen(_trained(unlabeled, unwanted, seed), unlabeled, unwanted)


def abc(unlabeled, unwanted, known_wanted, seed):
    """The autoencoding binary classifier of Yamanaka et al. 2019, arXiv 1903.10709."""
    x = flat(unlabeled)
    networks = mlp_autoencoder(x.shape[1:], LATENTS, (UNITS, UNITS), "linear", seed)
    deviation = x.std(axis=0, dtype="float64")
    layer = standardization(x.mean(axis=0, dtype="float64"), np.where(deviation > 0, deviation, 1))
    own = {"stochastic": False, "kl_weight": 0.0, "gamma": 1.0, "sigma2": 0.5}
    model = VABC(*networks, preprocessing=layer, seed=seed, **own)
    model.compile()
    rows = balanced_dataset(x, flat(unwanted), batch_size=BATCH, seed=seed)
    model.fit(rows, epochs=-(-STEPS // int(rows.cardinality())), verbose=0)
    return seen(Error(model), unlabeled, unwanted)


def vae_error(unlabeled, unwanted, known_wanted, seed):
    """The error R of a VAE on the unlabeled rows."""
    return seen(_trained(unlabeled, unwanted, seed, method="vae"), unlabeled, unwanted)


def vae_probability(unlabeled, unwanted, known_wanted, seed):
    """Minus the reconstruction probability of An & Cho 2015, whose VAE is that of `vae_error`."""
    score = _trained(unlabeled, unwanted, seed, method="vae")
    return seen(Probability(score.model), unlabeled, unwanted)


def cvae(unlabeled, unwanted, known_wanted, seed):
    """The bound of log p(x | unlabeled) less that of log p(x | unwanted), of a conditional VAE."""
    return seen(_conditional(unlabeled, unwanted, seed, apart=False), unlabeled, unwanted)


def csvae(unlabeled, unwanted, known_wanted, seed):
    """A VAE with a latent w of the class (Klys et al. 2018): how likely w is that of the unwanted.

    An adversary keeps the other latents from telling the class.
    """
    return seen(_conditional(unlabeled, unwanted, seed, apart=True), unlabeled, unwanted)


class Error:
    """The error R of a `VABC`."""

    def __init__(self, model):
        self.model = model

    def __call__(self, rows):
        """Scores `(n,)`."""
        return self.model.score(np.reshape(rows, (len(rows), *self.model.encoder.input_shape[1:])))


class Probability(Error):
    """The mean of -log p(x | z), up to a constant, over draws of the posterior."""

    def __call__(self, rows):
        """Scores `(n,)`; the same on every call."""
        noise = np.random.default_rng(0).normal(size=(DRAWS, self.model.latent_dim))
        return Blockwise(lambda x: self._mean(x, noise.astype("float32")))(np.asarray(rows))

    def _mean(self, x, noise):
        x = tf.cast(x, tf.float32)
        posterior, model = self.model(x), self.model
        mean, deviation = posterior["z_mean"], tf.exp(posterior["z_log_var"] / 2)
        target, axes = model.preprocessing(x), range(1, len(x.shape))

        def added(total, draw):
            shown = model.decoder(mean + deviation * draw)
            return total + tf.reduce_sum((target - shown) ** 2, axes)

        return tf.foldl(added, noise, tf.zeros_like(mean[:, 0])) / DRAWS


def _trained(unlabeled, unwanted, seed, method="vabc"):
    """The error of a trained model of the setting `"quality"`."""
    parts = unlabeled, unwanted, unlabeled, unwanted  # nothing is held out: few are known
    labels = [np.zeros(len(part), int) for part in parts]
    folds = Folds(*parts, *labels, "own", 0, 0.5, seed)
    setting = setting_for("quality", unlabeled, seed)
    setting = dataclasses.replace(setting, method=method)
    return Error(train_autoencoder(setting, folds, hidden_share=HIDDEN).model)


def _conditional(unlabeled, unwanted, seed, apart):
    """A `Conditional` score, trained on batches of half unlabeled and half unwanted rows."""
    rng, folds = np.random.default_rng(seed), [flat(unlabeled), flat(unwanted)]
    mean, deviation = folds[0].mean(0), folds[0].std(0)
    deviation[deviation == 0] = 1
    folds = [(fold - mean) / deviation for fold in folds]
    *networks, adversary = _networks(folds[0].shape[1], seed)
    score = Conditional(*networks, mean, deviation, apart)
    learn = _learning([w for network in networks for w in network.trainable_variables])
    learn_to_tell = _learning(adversary.trainable_variables)
    y = np.repeat([0, 1], BATCH // 2).astype("float32")[:, None]

    @tf.function
    def step(x, noise):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(score.bound(x, tf.constant(y), noise))
            if apart:
                loss -= tf.reduce_mean(entropy(adversary(score.beside(x, noise))))
        learn(tape, loss)
        if apart:
            with tf.GradientTape() as tape:
                told = adversary(score.beside(x, noise))
                loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, told))
            learn_to_tell(tape, loss)

    for _ in range(STEPS):
        x = np.concatenate([fold[rng.integers(len(fold), size=BATCH // 2)] for fold in folds])
        step(tf.constant(x), tf.constant(rng.normal(size=(BATCH, LATENTS)).astype("float32")))
    return score


def _learning(weights):
    """A function of a tape and a loss that takes a step of Adam."""
    optimizer = FusedAdam(1e-3)
    optimizer.build(weights)
    return lambda tape, loss: optimizer.apply(tape.gradient(loss, weights))


def entropy(logits):
    """Of the class, in nats, of its logits."""
    p = tf.sigmoid(logits)
    return -p * tf.math.log_sigmoid(logits) - (1 - p) * tf.math.log_sigmoid(-logits)


def _networks(columns, seed):
    """Encoder of rows and a class, decoder of latents and a class, and the CSVAE's adversary.

    The class is one number; the adversary tells it, as a logit, from the latents beside w.
    """
    kernels, made = kernel_initializers(seed), []
    for inputs, outputs in ((columns + 1, 2 * LATENTS), (LATENTS + 1, columns), (LATENTS - 1, 1)):
        x = given = keras.Input((inputs,))
        for units, activation in ((UNITS, "relu"), (UNITS, "relu"), (outputs, None)):
            x = keras.layers.Dense(units, activation, kernel_initializer=next(kernels))(x)
        made.append(keras.Model(given, x))
    return made


class Conditional:
    """What a conditional VAE's bounds, or the CSVAE's latent of the class, say of rows."""

    def __init__(self, encoder, decoder, mean, deviation, apart):
        self.encoder, self.decoder = encoder, decoder
        self.mean, self.deviation, self.apart = mean, deviation, apart

    def __call__(self, rows):
        """Scores `(n,)`."""
        return Blockwise(self._score)((flat(rows) - self.mean) / self.deviation)

    def bound(self, x, y, noise):
        """Minus the bound of log p(x | y), up to a constant, one for each row."""
        told = tf.zeros_like(y) if self.apart else y  # the CSVAE's class is in the prior alone
        z, spread = tf.split(self.encoder(tf.concat([x, told], 1)), 2, 1)
        latents = z + tf.exp(spread / 2) * noise
        error = tf.reduce_sum((x - self.decoder(tf.concat([latents, told], 1))) ** 2, 1)
        if not self.apart:
            return error / (2 * VARIANCE) + kl_divergence(z, spread)
        prior = self._prior(y)
        z = tf.concat([(z[:, :1] - prior[0]) / prior[1], z[:, 1:]], 1)
        spread = tf.concat([spread[:, :1] - 2 * tf.math.log(prior[1]), spread[:, 1:]], 1)
        return error / (2 * VARIANCE) + kl_divergence(z, spread)

    def beside(self, x, noise):
        """The CSVAE's latents beside w, drawn."""
        z, spread = tf.split(self.encoder(tf.concat([x, tf.zeros_like(x[:, :1])], 1)), 2, 1)
        return (z + tf.exp(spread / 2) * noise)[:, 1:]

    def _prior(self, y):
        """Mean and deviation of w by class."""
        return APART * y, NARROW + (1 - NARROW) * y

    def _score(self, x):
        ends = tf.zeros_like(x[:, :1]), tf.ones_like(x[:, :1])
        if not self.apart:
            noise = tf.zeros((1, LATENTS))
            return self.bound(x, ends[0], noise) - self.bound(x, ends[1], noise)
        return self.encoder(tf.concat([x, ends[0]], 1))[:, 0]


def flat(rows):
    """Rows as vectors in float32."""
    return np.asarray(rows, "float32").reshape(len(rows), -1)
