"""Whether samples can be told from real images: by their sharpness, by a network that tries."""

from typing import NamedTuple

import keras
import numpy as np
from scipy.ndimage import laplace
from scipy.stats import norm

from keras_vabc.data.blocks import Blockwise
from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.nu.networks import logit_network

BATCH_SIZE, STEPS, MOST_EPOCHS = 64, 200, 20  # of the network that tries to tell
RATE = 2e-3
BLOCK = 500  # images whose Laplacians are in memory together


class Estimate(NamedTuple):
    """A number with its 95 % confidence interval."""

    value: float
    low: float
    high: float


def sharpness(images):
    """Mean absolute Laplacian of each image, over its pixels and channels.

    Args:
        images: Shape `(n, height, width, channels)`.

    Returns:
        Float64 array of shape `(n,)`: 0 for a flat image; the scale is that of the pixels.
    """
    energies = [np.zeros(0)]
    for first in range(0, len(images), BLOCK):
        block = images[first : first + BLOCK].astype("float32")
        energies.append(np.abs(laplace(block, axes=(1, 2))).mean(axis=(1, 2, 3), dtype="float64"))
    return np.concatenate(energies)


def sharpness_ratio(samples, real):
    """How sharp samples are on average, over real images.

    Args:
        samples: `sharpness` of the samples, shape `(n,)`.
        real: The same of real images, shape `(m,)`, with a mean above 0.

    Returns:
        `Estimate`: 1 for equal sharpness, less for blur, more for noise.
    """
    ratio = samples.mean() / real.mean()
    # the delta method: relative variances of two means add up
    relative = [x.var() / len(x) / real.mean() ** 2 for x in (samples, real)]
    return _estimate(ratio, relative[0] + ratio**2 * relative[1])


def sharpness_auc(samples, real):
    """How well samples are told from real images by sharpness alone.

    Args:
        samples: `sharpness` of the samples, shape `(n,)`.
        real: The same of real images, shape `(m,)`.

    Returns:
        `Estimate` of the share of pairs in which the real image is the sharper one: .5 cannot be
        told, 1 are all blurred, 0 are all noisy.

    References:
        - [Comparing the areas under two or more correlated receiver operating characteristic
          curves](https://doi.org/10.2307/2531595), DeLong et al. 1988.
    """
    below, above = _share_below(samples, real), 1 - _share_below(real, samples)
    return _estimate(below.mean(), below.var() / len(below) + above.var() / len(above))


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


def _share_below(samples, real):
    """For each real number the share of the samples below it; equal ones count half."""
    ordered = np.sort(samples)
    sides = [np.searchsorted(ordered, real, side) for side in ("left", "right")]
    return sum(sides) / (2 * len(ordered))


def _estimate(value, variance):
    half = norm.ppf(0.975) * np.sqrt(variance)
    return Estimate(float(value), float(value - half), float(value + half))
