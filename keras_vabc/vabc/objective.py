"""The loss of a batch in training and testing, and the means of its parts that `fit` logs."""

import math

import keras
from keras import ops

from keras_vabc.vabc.losses import kl_divergence, reconstruction_error, unwanted_penalty, vabc_loss


class Objective:
    """The weighted y-switched loss of each example of a batch.

    The `means` are metrics: of the loss, of the unlabeled part's error, of the unwanted part's
    penalty, and of the KL divergence. The `penalty_weight` of the `VABC` is read in each step that
    is traced.
    """

    def __init__(self, model):
        self._model = model
        names = ("loss", "reconstruction", "penalty", "kl")
        self.means = [keras.metrics.Mean(name) for name in names]

    def losses(self, outputs, y, weight, *, gamma, kl_weight, regularization, training):
        """Losses `(batch,)` of what `VABC.call` returned for a batch; updates the means.

        y is 1 for unlabeled, 0 for unwanted, or between; it and the sample weights have shape
        `(batch,)`. The loss of the networks' regularizers is a scalar. In training a sigma2 that
        moves is that of the last step here, and then that of this one.
        """
        model, variance = self._model, self._model.variance
        numbers = math.prod(outputs["target"].shape[1:])
        gamma, penalty_weight = variance.penalty_numbers(gamma, model.penalty_weight)
        error = reconstruction_error(outputs["target"], outputs["reconstruction"], variance.current)
        penalty = unwanted_penalty(error, gamma)
        kl = kl_divergence(outputs["z_mean"], outputs["z_log_var"])
        weights = {"kl_weight": kl_weight, "penalty_weight": penalty_weight}
        losses = vabc_loss(y, error + variance.normalizer(numbers), penalty, kl, **weights)
        losses = weight * losses + regularization
        if training:
            variance.follow(error, y * weight, numbers)

        loss_mean, reconstruction_mean, penalty_mean, kl_mean = self.means
        loss_mean.update_state(losses)
        reconstruction_mean.update_state(error, y * weight)
        penalty_mean.update_state(penalty, (1.0 - y) * weight)
        kl_mean.update_state(kl, weight)
        return losses


def labelled_batch(data):
    """A batch as `fit` hands it to a step, as `(x, y, weight)`; y and weight of shape `(batch,)`.

    A batch without y is a `ValueError`.
    """
    x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
    if y is None:
        raise ValueError(
            "y must be 1 for unlabeled and 0 for unwanted examples, as balanced_dataset and "
            "unlabeled_dataset give it. Received: y=None."
        )
    y = _as_vector(y)
    return x, y, ops.ones_like(y) if weight is None else _as_vector(weight)


def _as_vector(values):
    return ops.reshape(ops.cast(values, "float32"), (-1,))
