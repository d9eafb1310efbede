"""Metrics of generated samples; arrays in, numbers out."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.stats import norm, wasserstein_distance


class Estimate(NamedTuple):
    """A number with its 95 % confidence interval."""

    value: float
    low: float
    high: float


class Rate(NamedTuple):
    """A measured share, and its Wilson 95 % confidence interval; all three are fractions."""

    value: float
    low: float
    high: float


def negative_generation_error(is_negative):
    """Share of samples that a judge takes for the negative concept (NGE).

    Args:
        is_negative: Boolean array of shape `(n,)`, the judge's verdict on each sample.

    Returns:
        `Rate`.

    Raises:
        ValueError: If there is no sample.

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), section V-D.
    """
    return observed_rate(is_negative, "is_negative")


def observed_rate(outcomes, name="outcomes"):
    """Share of outcomes that are true.

    Args:
        outcomes: Boolean array of shape `(n,)`.
        name: Name of the argument that they are, for errors.

    Returns:
        `Rate`.

    Raises:
        ValueError: If there is no outcome.
    """
    outcomes = np.asarray(outcomes)
    if outcomes.ndim != 1 or outcomes.dtype != bool or len(outcomes) == 0:
        raise ValueError(
            f"{name} must be a boolean array of shape (n,), n >= 1. "
            f"Received: shape {outcomes.shape}, dtype {outcomes.dtype}."
        )
    return wilson_rate(float(outcomes.mean()), len(outcomes))


def wilson_rate(share, count):
    """A share of `count` outcomes as a `Rate`; the count, above 0, need not be a whole number."""
    z = norm.ppf(0.975)
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    low = 0.0 if share == 0 else max(middle - half, 0.0)
    high = 1.0 if share == 1 else min(middle + half, 1.0)
    return Rate(share, float(low), float(high))


def area_rate(area, negatives, positives):
    """An area under the ROC curve as a `Rate`, by the numbers of examples of both kinds.

    No area has a greater variance than `area (1 - area)` over the smaller number, that of a share
    of so many outcomes (Birnbaum & Klose 1957), so that the interval is none too narrow.
    """
    return wilson_rate(area, min(negatives, positives))


def frechet_distance(features, reference):
    """Squared Frechet distance between the Gaussians fitted to two sets of features.

    `||m1 - m2||^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`. On the strict judge's features it is called
    FID* here; it is not comparable with the FID on Inception features.

    Args:
        features: Features of the samples, shape `(n, d)`.
        reference: Features of real data, shape `(m, d)`.

    Returns:
        Float, 0 for equal means and covariances.

    Raises:
        ValueError: If there are fewer than two rows, the widths differ, or a value is not finite.

    References:
        - [GANs Trained by a Two Time-Scale Update Rule](https://arxiv.org/abs/1706.08500).
    """
    features, reference = checked_features(features, reference, least=2)
    difference = features.mean(0) - reference.mean(0)
    covariance, reference_covariance = np.cov(features.T), np.cov(reference.T)
    # tr((C1 C2)^(1/2)) by the eigenvalues of the symmetric B C1 B, B = C2^(1/2): units that never
    # fire make both matrices singular, where a general matrix square root is unstable.
    root = _symmetric_root(np.atleast_2d(reference_covariance))
    product = eigh(root @ np.atleast_2d(covariance) @ root, eigvals_only=True)
    overlap = np.sqrt(np.clip(product, 0, None)).sum()
    distance = difference @ difference - 2 * overlap
    distance += np.trace(np.atleast_2d(covariance)) + np.trace(np.atleast_2d(reference_covariance))
    return max(float(distance), 0.0)


def class_balance(classes, reference_classes):
    """How alike the shares of the classes are: 1 minus their total variation distance.

    Args:
        classes: Class of each sample, shape `(n,)`, whole numbers >= 0.
        reference_classes: Class of each real example, shape `(m,)`.

    Returns:
        Float: 1 for equal shares, 0 for no class in common, about 0.1 for samples all of one of ten
        equally frequent classes.

    Raises:
        ValueError: If one of the two is empty.
    """
    classes, reference_classes = np.asarray(classes), np.asarray(reference_classes)
    if len(classes) == 0 or len(reference_classes) == 0:
        raise ValueError(
            "classes and reference_classes must not be empty. "
            f"Received: {len(classes)} and {len(reference_classes)} rows."
        )
    count = 1 + max(classes.max(), reference_classes.max())
    shares = np.bincount(classes, minlength=count) / len(classes)
    reference_shares = np.bincount(reference_classes, minlength=count) / len(reference_classes)
    return float(1 - np.abs(shares - reference_shares).sum() / 2)


def column_distances(samples, reference, weights=None, sample_weights=None):
    """How far the spread of each column of samples is from that of real rows.

    The Wasserstein distance of the two distributions of a column, in units of the standard
    deviation of the real one: how far the values have to be moved on average.

    Args:
        samples: Shape `(n, features)`.
        reference: Real rows, shape `(m, features)`.
        weights: `None`, or a weight >= 0 for each real row, shape `(m,)`.
        sample_weights: `None`, or the same for each sample, shape `(n,)`.

    Returns:
        Float64 array of shape `(features,)`: 0 for the same spread; NaN for a column that is
        constant in the real rows.

    Raises:
        ValueError: If there is no row, the widths differ, or a value is not finite.
    """
    samples, reference = checked_features(samples, reference, least=1)
    mean = np.average(reference, axis=0, weights=weights)
    deviation = np.sqrt(np.average((reference - mean) ** 2, axis=0, weights=weights))
    distances = [
        wasserstein_distance(own, other, sample_weights, weights)
        for own, other in zip(samples.T, reference.T, strict=True)
    ]
    constant = np.ptp(reference, axis=0) == 0
    return np.where(constant, np.nan, distances / np.where(constant, 1.0, deviation))


def checked_features(features, reference, least):
    """Both as float64 arrays of equal width, checked."""
    arrays = np.asarray(features, "float64"), np.asarray(reference, "float64")
    for name, array in zip(("features", "reference"), arrays, strict=True):
        if array.ndim != 2 or len(array) < least or array.shape[1] != arrays[0].shape[1]:
            raise ValueError(
                f"{name} must have shape (n, d) with n >= {least} and the same d. "
                f"Received: shapes {arrays[0].shape} and {arrays[1].shape}."
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite. Received: NaN or infinity.")
    return arrays


def _symmetric_root(matrix):
    values, vectors = eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
