"""Keras callbacks that anneal gamma and the KL weight during `fit`."""

import warnings

import keras

from keras_vabc.data.checks import check_positive


class _Anneal(keras.callbacks.Callback):
    """Turns a length in epochs into steps; the model itself evaluates the schedule at each step."""

    def __init__(self, epochs=10):
        super().__init__()
        check_positive(epochs=epochs)
        self.epochs = epochs

    def _total_steps(self):
        steps_per_epoch = self.params.get("steps")
        if steps_per_epoch is None:
            raise ValueError(
                f"{type(self).__name__} needs to know the steps per epoch. Pass steps_per_epoch to "
                "fit, or a data set of known cardinality. Received: steps_per_epoch=None."
            )
        return self.epochs * steps_per_epoch

    def on_train_end(self, logs=None):
        taken, total = int(self.model.optimizer.iterations.numpy()), self._total_steps()
        if taken < total:
            warnings.warn(
                f"fit ended at step {taken}, before {type(self).__name__}'s schedule of "
                f"{self.epochs} epochs ({total} steps) did.",
                stacklevel=2,
            )


class GammaAnneal(_Anneal):
    """Lowers gamma from `start` to the model's own `gamma` along a logistic curve.

    A high gamma at the beginning lets the model learn the unlabeled data before it is pushed away
    from the unwanted. The position on the curve is `optimizer.iterations`, so a second `fit`, or
    one after `keras.models.load_model`, goes on where the last one stopped, for any
    `steps_per_execution`.

    Args:
        start: Gamma at the first step; at least the model's `gamma`.
        epochs: Length of the schedule in epochs, the paper's E' (10 on Moons, 5 on MNIST).

    Raises:
        ValueError: In `fit`, if the steps per epoch are not known or `start` is below the model's
            gamma.

    Example:
        >>> model.fit(balanced_ds, epochs=30, callbacks=[GammaAnneal(start=4.0, epochs=10)])

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), section V-C.
    """

    def __init__(self, start=4.0, epochs=10):
        super().__init__(epochs)
        check_positive(start=start)
        self.start = start

    def on_train_begin(self, logs=None):
        """Hands the schedule to the model."""
        if self.start < self.model.gamma:
            raise ValueError(
                "GammaAnneal's start must be >= the model's gamma. "
                f"Received: start={self.start}, gamma={self.model.gamma}."
            )
        self.model.anneal_gamma(self.start, self._total_steps())


class KLAnneal(_Anneal):
    """Raises the KL weight from 0 to the model's own `kl_weight` along a logistic curve.

    Position and resumption are as in `GammaAnneal`.

    Args:
        epochs: Length of the schedule in epochs, the paper's E' (10 on Moons, 5 on MNIST).

    Raises:
        ValueError: In `fit`, if the steps per epoch are not known.

    References:
        - [Generating Sentences from a Continuous Space](https://arxiv.org/abs/1511.06349),
          section 3.1.
    """

    def on_train_begin(self, logs=None):
        """Hands the schedule to the model."""
        self.model.anneal_kl(self._total_steps())
