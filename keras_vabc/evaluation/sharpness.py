"""Sharpness: how much of an image is edges and texture, by which blurred samples are told."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import correlate1d
from sklearn.metrics import roc_auc_score

SECOND_DIFFERENCE = (1, -2, 1)


class Sharpness(NamedTuple):
    """Laplacian energy of samples over that of real images, and how well it tells them apart.

    The ratio is that of the means, 1 for samples as sharp as real ones; the AUC is in [0.5, 1], 0.5
    where the energy of an image says nothing about where it comes from.
    """

    ratio: float
    auc: float


def laplacian_energy(images):
    """Mean absolute Laplacian of each image: the more, the sharper.

    The Laplacian is the sum of the second differences along height and width, an image going on
    beyond its edges as it ends there.

    Args:
        images: Shape `(n, height, width, channels)`, of any scale.

    Returns:
        Float64 array of shape `(n,)`, in the units of the images; 0 for an image of one colour.

    Raises:
        ValueError: If `images` has another shape.
    """
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(
            f"images must have shape (n, height, width, channels). Received: shape {images.shape}."
        )
    images = images.astype("float32")  # of which whole numbers of 0..255 have no rounding
    laplacian = correlate1d(images, SECOND_DIFFERENCE, axis=1, mode="nearest")
    laplacian += correlate1d(images, SECOND_DIFFERENCE, axis=2, mode="nearest")
    return np.abs(laplacian).mean(axis=(1, 2, 3), dtype="float64")


def sharpness(samples, real):
    """How sharp samples are beside real images.

    Args:
        samples: Shape `(n, height, width, channels)`.
        real: Held-out images of the same scale, shape `(m, height, width, channels)`.

    Returns:
        `Sharpness`: a ratio and an AUC, `max(AUC, 1 - AUC)` of telling one from the other by
        `laplacian_energy` alone.

    Raises:
        ValueError: If one of them has another shape or no image, or if no real image has an edge.
    """
    energy, reference = laplacian_energy(samples), laplacian_energy(real)
    if not len(energy) or not len(reference) or not reference.any():
        raise ValueError(
            "samples and real must hold images, and those in real edges. "
            f"Received: {len(energy)} and {len(reference)} images."
        )
    is_sample = np.repeat([True, False], [len(energy), len(reference)])
    auc = float(roc_auc_score(is_sample, np.concatenate([energy, reference])))
    return Sharpness(float(energy.mean() / reference.mean()), max(auc, 1 - auc))
