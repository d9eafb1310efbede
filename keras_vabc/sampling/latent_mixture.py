"""A Gaussian mixture of latents: fitted to posterior draws, drawn from, told in words."""

import warnings

import numpy as np
import tensorflow as tf
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

MIXTURE = ("weights", "means", "scales")
MIXTURE_RECIPE = (
    "Draw e from N(0, I), latent_dim numbers, and component c with probability weights[c]; "
    "z = means[c] + scales[c] e, a matrix times a vector."
)


def posterior_draws(model, x, weights, count, seed):
    """Latents of rows that are drawn in proportion to their weights.

    Args:
        model: `VABC`.
        x: Data on their own scale, shape `(n, ...)`.
        weights: Shape `(n,)`, not all 0.
        count: Number of draws.
        seed: Whole number >= 0.

    Returns:
        Float32 array of shape `(count, latent_dim)`.
    """
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(x), count, p=weights / weights.sum())
    rows, drawn = np.unique(rows, return_inverse=True)
    z_mean, z_log_var = (part[drawn] for part in model.encode(x[rows]))
    if not model.stochastic:
        return z_mean
    noise = rng.standard_normal(z_mean.shape, "float32")
    return z_mean + np.exp(0.5 * z_log_var) * noise


def fit_mixture(latents, components, seed=0):
    """Fits a Gaussian mixture with full covariances by expectation maximization.

    It ends after 100 rounds at the latest. That it has not converged by then is no error: the
    mixture approximates a density that is none.

    Args:
        latents: Shape `(n, latent_dim)`.
        components: Number of components, at most `n`.
        seed: Seed of the start.

    Returns:
        Dict of float32 arrays: `weights` `(components,)`, `means` `(components, latent_dim)`, and
        `scales` `(components, latent_dim, latent_dim)`, lower Cholesky factors of the covariances.
    """
    mixture = GaussianMixture(components, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(latents.astype("float64"))
    scales = np.linalg.cholesky(mixture.covariances_)
    arrays = (mixture.weights_, mixture.means_, scales)
    return {name: array.astype("float32") for name, array in zip(MIXTURE, arrays, strict=True)}


def mixture_latents(state, noise, seed, block):
    """Latents from a mixture.

    Args:
        state: Dict of arrays, as `fit_mixture` gives them.
        noise: Tensor of standard normal noise, shape `(rows, latent_dim)`.
        seed: Seed of the components.
        block: Number of the block of rows, >= 0.

    Returns:
        Tensor of shape `(rows, latent_dim)`.
    """
    log_weights = np.log(state["weights"])[None]
    # No block of noise has a negative number, so that the two streams never meet.
    component = tf.random.stateless_categorical(log_weights, noise.shape[0], (seed, -1 - block))[0]
    scales = tf.gather(state["scales"], component)
    return tf.gather(state["means"], component) + tf.linalg.matvec(scales, noise)


def check_state(state, latents):
    """Raises a `ValueError` for arrays that are no mixture in so many latents, or no limit.

    Args:
        state: Dict of float32 arrays: of a mixture, as `fit_mixture` gives them, or a limit.
        latents: Number of latents.
    """
    count = state["weights"].size if "weights" in state else 0
    shapes = {"weights": (count,), "means": (count, latents), "scales": (count, latents, latents)}
    for name, array in state.items():
        if array.shape != shapes.get(name, ()):
            raise ValueError(
                f"state must be of {latents} latents. Received: {name} of shape {array.shape}."
            )
        if not np.isfinite(array).all():
            raise ValueError(f"state must be finite. Received: NaN or infinity in {name}.")
    if count and not (state["weights"].min() >= 0 and state["weights"].max() > 0):
        raise ValueError("state must hold weights >= 0, not all of them 0. Received: others.")
