"""Sharpness: how much of an image is edges and texture, by which blurred samples are told."""

import numpy as np
from scipy.ndimage import laplace
from scipy.stats import norm

from keras_vabc.evaluation.metrics import Estimate

BLOCK = 500  # images whose Laplacians are in memory together


def laplacian_energy(images):
    """Mean absolute Laplacian of each image: the more, the sharper.

    An image goes on beyond its edges as it ends there.

    Args:
        images: Shape `(n, height, width, channels)`, of any scale.

    Returns:
        Float64 array of shape `(n,)`, in the units of the images; 0 for an image of one colour.
    """
    energies = [np.zeros(0)]
    for first in range(0, len(images), BLOCK):
        block = images[first : first + BLOCK].astype("float32")
        energies.append(np.abs(laplace(block, axes=(1, 2))).mean(axis=(1, 2, 3), dtype="float64"))
    return np.concatenate(energies)


def sharpness_ratio(samples, real):
    """How sharp samples are on average, over real images.

    Args:
        samples: `laplacian_energy` of the samples, shape `(n,)`.
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
        samples: `laplacian_energy` of the samples, shape `(n,)`.
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


def _share_below(samples, real):
    """For each real number the share of the samples below it; equal ones count half."""
    ordered = np.sort(samples)
    sides = [np.searchsorted(ordered, real, side) for side in ("left", "right")]
    return sum(sides) / (2 * len(ordered))


def _estimate(value, variance):
    half = norm.ppf(0.975) * np.sqrt(variance)
    return Estimate(float(value), float(value - half), float(value + half))
