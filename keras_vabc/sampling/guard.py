"""Guards: each gives every sample a number, and rejects those whose number exceeds a limit."""

import numpy as np
import tensorflow as tf

from keras_vabc.data.blocks import Blockwise

SCORED_ROWS = 4096  # enough for a quantile: at 0.9 its standard error is 0.005


class ClassifierGuard:
    """Rejects by P(negative | x).

    Args:
        classifier: As `guard` of `LatentSampler`.
        threshold: The limit.
    """

    names = ()  # of what `fit` finds
    limit_name = "threshold"

    def __init__(self, classifier, threshold):
        self._classifier, self._threshold = classifier, threshold

    def __call__(self, samples):
        """The number of each sample of a tensor."""
        return self._classifier.negative_probability_batch(samples)

    def negative_probability(self, x):
        """P(negative | x) of each row of an array."""
        return self._classifier.negative_probability(x)

    def fit(self, latents):
        """Finds nothing: its limit is given."""
        return {}

    def limit(self, state):
        """The limit, given what `fit` found."""
        return self._threshold


class WidthGuard:
    """Rejects by `width_score`; in all else as `ClassifierGuard`.

    Args:
        model: `VABC`.
        quantile: The share of decoded latents that it accepts.
    """

    names = ("score_limit",)
    limit_name = "score_limit"

    def __init__(self, model, quantile):
        self._model, self._quantile = model, quantile

    def __call__(self, samples):
        """The number of each sample of a tensor."""
        return width_score(self._model, samples)

    def negative_probability(self, x):
        """Of no use here: it knows samples, not data."""
        return np.zeros(len(x))

    def fit(self, latents):
        """What its quantile of decoded latents do not exceed."""
        score = Blockwise(lambda z: self(self._model.decode_batch(z)))
        limit = np.quantile(score(latents[:SCORED_ROWS]), self._quantile)
        return {"score_limit": limit.astype("float32")}

    def limit(self, state):
        """The limit, given what `fit` found."""
        return state["score_limit"]


def guard_of(guard, model, threshold, score_quantile):
    """What the argument `guard` of `LatentSampler` stands for, or a `ValueError`."""
    if guard is None:
        return None
    if isinstance(guard, str) and guard == "score":
        return WidthGuard(model, score_quantile)
    methods = ("negative_probability", "negative_probability_batch")
    if not all(hasattr(guard, name) for name in methods):
        raise ValueError(
            'guard must be None, "score" or an object with negative_probability(x) and '
            f"negative_probability_batch(x). Received: guard={guard!r}."
        )
    return ClassifierGuard(guard, threshold)


def width_score(model, x):
    """The log of each example's posterior width, averaged over the latents.

    Up to a factor and a constant it is the entropy of the posterior.

    Args:
        model: `VABC`; with `stochastic=False` the result is its `score` instead.
        x: Float32 tensor of data on their own scale, shape `(batch, ...)`.

    Returns:
        Tensor of shape `(batch,)`; higher is more unwanted.
    """
    if not model.stochastic:
        return model.score_batch(x)
    return tf.reduce_mean(0.5 * model(x)["z_log_var"], axis=1)
