"""The decoder's variance: a given number, or what the errors of the unlabeled data say."""

from keras import ops


class Variance:
    """sigma2 of a `VABC`: as given, or the running mean squared error where that is larger.

    The mean squared error of a number in an unlabeled example is the most likely variance of a
    Gaussian decoder. A smaller one than the given is not followed: latents that tell the last of
    the errors are harder to draw than the errors are to see. With a `sigma2_momentum` each step
    keeps this share of the last sigma2. Gamma and penalty weight hold for the given sigma2: both
    are rescaled, so that the squared error to which unwanted examples are pushed stays where it is,
    whatever becomes of sigma2. `new_variable` makes a scalar variable, given its name and value.

    References:
        - [Simple and Effective VAE Training with Calibrated Decoders](
          https://arxiv.org/abs/2006.13202).
    """

    def __init__(self, model, new_variable):
        self._model = model
        self.follows = model.sigma2_momentum is not None
        self._variable = new_variable("current_sigma2", model.sigma2) if self.follows else None

    @property
    def current(self):
        """sigma2 now: a variable if it moves, else a number."""
        return self._variable if self.follows else self._model.sigma2

    @property
    def ratio(self):
        """Of sigma2 now over the given one."""
        return self.current / self._model.sigma2 if self.follows else 1.0

    def penalty_numbers(self, gamma, penalty_weight):
        """Gamma and penalty weight for sigma2 as it is now, from those for the given one.

        In squared errors e = 2 sigma2 R the loss times 2 sigma2 is e and a penalty that depends on
        e alone, so that sigma2 only weighs both against the KL divergence.
        """
        return gamma * self.ratio, penalty_weight / self.ratio

    def normalizer(self, numbers):
        """What the negative log-likelihood of so many numbers adds to R, but for a constant.

        It is 0 at the given sigma2; with it losses at different sigma2 can be compared.
        """
        return 0.5 * numbers * ops.log(self.ratio) if self.follows else 0.0

    def follow(self, error, weight, numbers):
        """Takes the R of a batch, shape `(batch,)`, weighed as the unlabeled examples are."""
        if not self.follows:
            return
        total = ops.sum(weight)
        mean = ops.sum(weight * error) / ops.where(total > 0.0, total, 1.0)
        squared, momentum = 2.0 * self.current * mean / numbers, self._model.sigma2_momentum
        moved = momentum * self.current + (1.0 - momentum) * squared
        moved = ops.maximum(moved, self._model.sigma2)
        self._variable.assign(ops.where(total > 0.0, moved, self.current))
