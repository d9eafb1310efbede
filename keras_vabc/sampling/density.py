"""The densities that latents are drawn from, and the posterior draws that they are fitted to."""

import numpy as np

from keras_vabc.data.blocks import normal_block
from keras_vabc.export.parts import prior_recipe
from keras_vabc.sampling.latent_mixture import LatentMixture


class Prior:
    """N(0, I), which needs no fitting; in all else as `LatentMixture`."""

    names = ()

    def __init__(self, state, latent_dim):
        self._latent_dim = latent_dim

    @staticmethod
    def fit(latents, components, shrinkage, seed):
        """Finds nothing."""
        return {}

    def latents(self, seed, block):
        """Block number `block` of the latents of a seed, shape `(BLOCK_ROWS, latent_dim)`."""
        return normal_block(seed, block, self._latent_dim)

    def described(self):
        """How to draw a sample, in words and numbers that JSON can hold."""
        return {"recipe": prior_recipe(), "latent_dim": self._latent_dim}


DENSITIES = {"prior": Prior, "gmm": LatentMixture}


def posterior_draws(model, x, weights, count, seed):
    """Latents `(count, latent_dim)` of rows that are drawn in proportion to their weights."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(x), count, p=weights / weights.sum())
    rows, drawn = np.unique(rows, return_inverse=True)
    z_mean, z_log_var = (part[drawn] for part in model.encode(x[rows]))
    if not model.stochastic:
        return z_mean
    noise = rng.standard_normal(z_mean.shape, "float32")
    return z_mean + np.exp(0.5 * z_log_var) * noise


def check_state(state, latents):
    """Raises a `ValueError` for arrays that are no mixture in so many latents, or no limit."""
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
