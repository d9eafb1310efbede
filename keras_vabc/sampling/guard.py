"""Guards: each gives every sample a number, and rejects those whose number exceeds a limit."""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_vabc.data.blocks import Blockwise

SCORED_ROWS = 4096  # enough for a quantile: at 0.9 its standard error is 0.005


@dataclasses.dataclass(frozen=True)
class Limit:
    """What rejects samples: those whose `numbers`, of shape `(batch,)`, exceed a limit.

    `limit_name` is what the user knows it by.
    """

    numbers: Callable
    limit: float
    limit_name: str

    def accepts(self, samples):
        """Which samples of a tensor are within the limit; NaN never is."""
        return self.numbers(samples) <= self.limit


def check_guard(guard):
    """Raises a `ValueError` for what `LatentSampler` does not take."""
    methods = ("negative_probability", "negative_probability_batch")
    named = isinstance(guard, str) and guard == "score"
    if guard is not None and not named and not all(hasattr(guard, name) for name in methods):
        raise ValueError(
            'guard must be None, "score" or an object with negative_probability(x) and '
            f"negative_probability_batch(x). Received: guard={guard!r}."
        )


def width_limit(model, latents, quantile):
    """What a quantile of the widths of decoded latents do not exceed, a float32 number."""
    score = Blockwise(lambda z: width_score(model, model.decode_batch(z)))
    return np.quantile(score(latents[:SCORED_ROWS]), quantile).astype("float32")


def width_score(model, x):
    """The log of each example's posterior width, averaged over the latents.

    Higher is more unwanted. Up to a factor and a constant it is the entropy of the posterior. The
    example is a float32 tensor on its own scale; with `stochastic=False` the result is the model's
    `score` instead.
    """
    if not model.stochastic:
        return model.score_batch(x)
    return tf.reduce_mean(0.5 * model(x)["z_log_var"], axis=1)
