"""Adam, with the update of each weight as one fused kernel."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_vabc")
class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, whose update is one pass over the weights instead of about ten.

    Arguments, state and results (to rounding) are those of `keras.optimizers.Adam`: a checkpoint of
    either resumes in the other. The fused kernel serves dense float32 gradients on one device;
    sparse gradients, other dtypes, AMSGrad and distribution strategies take Keras' own update.
    Weight decay, clipping and averages of the weights are Keras' own in any case.

    Example:
        >>> model.compile(kv.FusedAdam(1e-3))

    References:
        - [Adam: A Method for Stochastic Optimization](https://arxiv.org/abs/1412.6980), the form
          "just before section 2.1", as in Keras.
    """

    def apply(self, grads, trainable_variables=None):
        """Updates all variables."""
        step = tf.cast(self.iterations + 1, "float32")
        self._beta_powers = tf.pow(self.beta_1, step), tf.pow(self.beta_2, step)
        try:
            return super().apply(grads, trainable_variables)
        finally:
            self._beta_powers = None  # tensors of the graph that is being traced

    def update_step(self, gradient, variable, learning_rate):
        """Updates one variable and its two moments."""
        if not self._is_fusible(gradient, variable):
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        beta1_power, beta2_power = self._beta_powers
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=beta1_power,
            beta2_power=beta2_power,
            lr=tf.cast(learning_rate, "float32"),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def _is_fusible(self, gradient, variable):
        return (
            isinstance(gradient, tf.Tensor)
            and gradient.dtype == "float32"
            and variable.dtype == "float32"
            and not self.amsgrad
            and not tf.distribute.has_strategy()
        )


def _handle(variable):
    value = variable.value if isinstance(variable, keras.Variable) else variable
    return value.handle
