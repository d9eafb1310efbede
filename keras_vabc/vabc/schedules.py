"""The logistic annealing of gamma and of the KL weight, and a learning rate that falls late."""

import keras
from keras import ops


def logistic_ramp(t):
    """Logistic curve from exactly 0 at `t = 0` to exactly 1 at `t = 1`, clipped outside.

    `w(t) = (s(12 t - 6) - s(-6)) / (s(6) - s(-6))`, with `s` the logistic function; the result is
    shaped like `t`. Source: [Generating Sentences from a Continuous
    Space](https://arxiv.org/abs/1511.06349), section 3.1.
    """
    t = ops.clip(ops.cast(t, "float32"), 0.0, 1.0)
    low, high = ops.sigmoid(-6.0), ops.sigmoid(6.0)
    return ops.where(t < 1.0, (ops.sigmoid(12.0 * t - 6.0) - low) / (high - low), 1.0)


def anneal(start, target, iterations, steps):
    """Value of a number that moves from `start` to `target` over `steps` optimizer steps.

    From step `steps` on it is exactly `target`; 0 steps mean no schedule, so `target` from the
    start.
    """
    position = ops.cast(iterations, "float32") / ops.maximum(steps, 1.0)
    weight = ops.where(steps > 0.0, logistic_ramp(position), 1.0)
    return weight * target + (1.0 - weight) * start


class Annealing:
    """Gamma and the KL weight on their way to their targets; all of it variables of a model.

    `new_variable` makes a scalar variable, given its name and value. `current_gamma` and
    `current_kl_weight` are those of the last step.
    """

    def __init__(self, gamma, kl_weight, new_variable):
        self.current_gamma = new_variable("current_gamma", gamma)
        self.current_kl_weight = new_variable("current_kl_weight", kl_weight)
        self._gamma_start = new_variable("gamma_start", gamma)
        self._gamma_steps = new_variable("gamma_steps", 0.0)
        self._kl_steps = new_variable("kl_steps", 0.0)

    def set_gamma(self, start, steps):
        """Lets gamma go from `start` to its target by optimizer step `steps`; 0 for at once."""
        self._gamma_start.assign(start)
        self._gamma_steps.assign(steps)

    def set_kl(self, steps):
        """Lets the KL weight rise from 0 to its target by optimizer step `steps`; 0 for at once."""
        self._kl_steps.assign(steps)

    def values_at(self, iterations, gamma, kl_weight):
        """Gamma and the KL weight after so many optimizer steps, given their targets."""
        gamma = anneal(self._gamma_start, gamma, iterations, self._gamma_steps)
        kl_weight = anneal(0.0, kl_weight, iterations, self._kl_steps)
        self.current_gamma.assign(gamma)
        self.current_kl_weight.assign(kl_weight)
        return gamma, kl_weight


@keras.saving.register_keras_serializable("keras_vabc")
class HalfConstant(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that falls to 0 in the second half of the steps."""

    def __init__(self, learning_rate, steps):
        self.learning_rate, self.steps = learning_rate, steps

    def __call__(self, step):
        """The learning rate of a step."""
        left = 1.0 - ops.cast(step, "float32") / self.steps
        return self.learning_rate * ops.minimum(1.0, 2.0 * left)

    def get_config(self):
        """Arguments of the constructor."""
        return {"learning_rate": self.learning_rate, "steps": self.steps}
