"""The judge of Moons: exact densities, which need no training."""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from keras_vabc.data.checks import check_rows


class MoonsJudge:
    """Exact densities of the two moons, which need no training.

    The moons are half circles of radius 1, points uniform in the angle, with Gaussian noise; class
    0, the upper moon, is the negative concept.

    Args:
        noise: Standard deviation of the noise.
    """

    def __init__(self, noise=0.2):
        self.noise = noise

    def log_density(self, x, moon):
        """Logarithm of the density of one moon.

        Args:
            x: Points, shape `(n, 2)`.
            moon: 0 for the upper, 1 for the lower moon.

        Returns:
            Array of shape `(n,)`, in nats.

        Raises:
            ValueError: If `x` has another shape or is not finite.
        """
        squared, variance = _squared_distances(x, moon), self.noise**2
        exponents = -squared / (2 * variance)
        return logsumexp(exponents, axis=1) - np.log(squared.shape[1] * 2 * np.pi * variance)

    def distance(self, x, moon):
        """Distance of points `(n, 2)` from the half circle of one moon, shape `(n,)`."""
        return np.sqrt(_squared_distances(x, moon).min(axis=1))

    def is_negative(self, x):
        """Whether the upper moon's density is the higher one, shape `(n,)`."""
        return self.log_density(x, 0) > self.log_density(x, 1)


def _squared_distances(x, moon):
    """From points `(n, 2)` to 400 points of a moon's half circle, shape `(n, 400)`."""
    angles = (np.arange(400) + 0.5) * np.pi / 400
    arc = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    arc = arc if moon == 0 else [1.0, 0.5] - arc
    return cdist(check_rows("x", x, (2,)).astype("float64"), arc, "sqeuclidean")
