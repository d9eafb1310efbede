"""The logistic annealing schedule of gamma and of the KL weight."""

from keras import ops


def logistic_ramp(t):
    """Logistic curve from exactly 0 at `t = 0` to exactly 1 at `t = 1`, clipped outside.

    `w(t) = (s(12 t - 6) - s(-6)) / (s(6) - s(-6))`, with `s` the logistic function.

    Args:
        t: Position, a scalar or tensor.

    Returns:
        Tensor shaped like `t`.

    References:
        - [Generating Sentences from a Continuous Space](https://arxiv.org/abs/1511.06349),
          section 3.1.
    """
    t = ops.clip(ops.cast(t, "float32"), 0.0, 1.0)
    low, high = ops.sigmoid(-6.0), ops.sigmoid(6.0)
    return ops.where(t < 1.0, (ops.sigmoid(12.0 * t - 6.0) - low) / (high - low), 1.0)


def anneal(start, target, iterations, steps):
    """Value of a number that moves from `start` to `target` over `steps` optimizer steps.

    Args:
        start: Value at step 0.
        target: Value from step `steps` on, exactly.
        iterations: Steps taken so far.
        steps: Length of the schedule; 0 means no schedule, so `target` from the start.

    Returns:
        Scalar float32 tensor.
    """
    position = ops.cast(iterations, "float32") / ops.maximum(steps, 1.0)
    weight = ops.where(steps > 0.0, logistic_ramp(position), 1.0)
    return weight * target + (1.0 - weight) * start
