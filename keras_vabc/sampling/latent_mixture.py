"""A Gaussian mixture of latents: fitted to posterior draws, drawn from, put into words."""

import warnings

import numpy as np
import tensorflow as tf
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from keras_vabc.data.blocks import normal_block
from keras_vabc.export.parts import prior_recipe
from keras_vabc.sampling.shrunk_mixture import fit_shrunk_mixture

MIXTURE = ("weights", "means", "scales")
MIXTURE_RECIPE = (
    "Draw e from N(0, I), latent_dim numbers, and component c with probability weights[c]; "
    "z = means[c] + scales[c] e, a matrix times a vector."
)


def fit_mixture(latents, components, seed=0):
    """Fits a Gaussian mixture with full covariances by expectation maximization.

    It ends after 100 rounds at the latest. That it has not converged by then is no error: the
    mixture approximates a density that is none. The result has `weights` `(components,)`, `means`
    `(components, latent_dim)`, and `scales` `(components, latent_dim, latent_dim)`, lower Cholesky
    factors of the covariances; all float32.
    """
    mixture = GaussianMixture(components, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(latents.astype("float64"))
    scales = np.linalg.cholesky(mixture.covariances_)
    arrays = (mixture.weights_, mixture.means_, scales)
    return {name: array.astype("float32") for name, array in zip(MIXTURE, arrays, strict=True)}


class LatentMixture:
    """A mixture as `fit_mixture` found it, from which latents are drawn."""

    names = MIXTURE

    def __init__(self, state, latent_dim):
        self._state, self._latent_dim = {name: state[name] for name in MIXTURE}, latent_dim

    @staticmethod
    def fit(latents, components, shrinkage, seed):
        """The most likely mixture, or with a `shrinkage` that of `fit_shrunk_mixture`."""
        if shrinkage is None:
            return fit_mixture(latents, components, seed)
        return fit_shrunk_mixture(latents, components, shrinkage, seed)

    def latents(self, seed, block):
        """Block number `block` of the latents of a seed, shape `(BLOCK_ROWS, latent_dim)`."""
        noise = normal_block(seed, block, self._latent_dim)
        log_weights = np.log(self._state["weights"])[None]
        # No block of noise has a negative number, so that the two streams never meet.
        component = tf.random.stateless_categorical(log_weights, noise.shape[0], (seed, -1 - block))
        means, scales = (tf.gather(self._state[name], component[0]) for name in ("means", "scales"))
        return means + tf.linalg.matvec(scales, noise)

    def described(self):
        """How to draw a sample, in words and numbers that JSON can hold."""
        numbers = {name: array.tolist() for name, array in self._state.items()}
        recipe = [MIXTURE_RECIPE, *prior_recipe()[1:]]
        return {"recipe": recipe, "latent_dim": self._latent_dim, **numbers}
