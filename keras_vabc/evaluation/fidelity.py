"""Whether a network can tell samples from real images."""

import keras
import numpy as np

from keras_vabc.data.blocks import Blockwise
from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.nu.networks import logit_network

BATCH_SIZE, STEPS, MOST_EPOCHS = 64, 200, 20  # of the network that tries to tell
RATE = 2e-3


def told_apart(samples, real, seed=0):
    """How often a small convolutional network tells samples from real images (C2ST).

    It learns on every other one of both, and is tested on the rest.

    Args:
        samples: Shape `(n, height, width, channels)`.
        real: Shape `(m, height, width, channels)`; as many of the larger set are used as the
            smaller has, at least 4.
        seed: Seed of the choice, the network and its training.

    Returns:
        `Rate`, the accuracy on the rest: .5 cannot be told.

    Raises:
        ValueError: If one of the two has fewer than 4 rows.

    References:
        - [Revisiting Classifier Two-Sample Tests](https://arxiv.org/abs/1610.06545).
    """
    count = min(len(samples), len(real)) // 2
    if count < 2:
        raise ValueError(
            f"samples and real must have at least 4 rows. Received: {len(samples)}, {len(real)}."
        )
    rng = np.random.default_rng(seed)
    own, other = (x[rng.permutation(len(x))[: 2 * count]] for x in (samples, real))
    train, test = (
        (np.concatenate([own[part], other[part]]).astype("float32"), np.repeat([1, 0], count))
        for part in (slice(0, count), slice(count, None))
    )
    network = _trained(*train, seed)
    logits = Blockwise(network)(test[0])[:, 0]
    return observed_rate((logits > 0) == (test[1] == 1))


def _trained(x, y, seed):
    network = logit_network(x, seed)
    steps = -(-len(x) // BATCH_SIZE)
    epochs = min(-(-STEPS // steps), MOST_EPOCHS)
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * steps)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(rate), loss)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        network.fit(x[order], y[order], BATCH_SIZE, shuffle=False, verbose=0)
    return network
