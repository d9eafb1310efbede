"""How real samples look and how much of the real data they cover, by nearest neighbours."""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import norm

from keras_vabc.evaluation.metrics import Estimate, checked_features, wilson_rate

NEIGHBOURS = 5
SUBSAMPLE = 2000
HALVES = 40  # of both sets, by which the intervals are found


def precision_recall_density_coverage(features, reference, seed=0):
    """How real samples look (precision, density) and how much of the real data they cover.

    Computed with balls that reach to the 5th nearest neighbour, on 2,000 samples and 2,000 real
    examples drawn with a fixed seed (all, where there are fewer):

    - precision: share of samples within the ball of some real example;
    - recall: share of real examples within the ball of some sample;
    - density: mean number of real balls that a sample lies in, divided by 5; may exceed 1;
    - coverage: share of real balls that hold a sample.

    Args:
        features: Features of the samples, shape `(n, d)`.
        reference: Features of real data, shape `(m, d)`.
        seed: Seed of the draw.

    Returns:
        Dict of the four floats.

    Raises:
        ValueError: If there are fewer than six rows, the widths differ, or a value is not finite.

    References:
        - [Improved Precision and Recall Metric for Assessing Generative Models](
          https://arxiv.org/abs/1904.06991).
        - [Reliable Fidelity and Diversity Metrics for Generative Models](
          https://arxiv.org/abs/2002.09797).
    """
    return _spread(*_distances(features, reference, np.random.default_rng(seed)))


def spread_estimates(features, reference, seed=0):
    """`precision_recall_density_coverage` with its intervals.

    A row of either set moves the balls of its neighbours, so that outcomes of rows are not
    independent: the standard deviation is that of the same figures of random halves of both sets
    (the delete-half jackknife), and the intervals of shares are Wilson's for as many independent
    rows as would have it. Fewer than twelve rows have no halves to compare, and count as
    independent.

    Args:
        features: Features of the samples, shape `(n, d)`.
        reference: Features of real data, shape `(m, d)`.
        seed: Seed of the draw and of the halves.

    Returns:
        Dict of four `Estimate`s.

    Raises:
        ValueError: As `precision_recall_density_coverage`.

    References:
        - [A General Theory for Jackknife Variance Estimation](
          https://doi.org/10.1214/aos/1176347263), Shao and Wu 1989.
    """
    rng = np.random.default_rng(seed)
    between, *within = _distances(features, reference, rng)
    figures = _spread(between, *within)
    if min(between.shape) < 2 * (NEIGHBOURS + 1):
        return {name: _estimate(name, figures[name], 0.0, between) for name in figures}
    halves = []
    for _ in range(HALVES):
        real, own = (np.sort(rng.permutation(len(x))[: len(x) // 2]) for x in within)
        parts = (within[0][np.ix_(real, real)], within[1][np.ix_(own, own)])
        halves.append(_spread(between[np.ix_(real, own)], *parts))
    deviations = {name: float(np.std([half[name] for half in halves], ddof=1)) for name in figures}
    return {name: _estimate(name, figures[name], deviations[name], between) for name in figures}


def recalled(features, reference, seed=0):
    """Which real examples lie within the ball of some sample; their share is the recall.

    Args:
        features: Features of the samples, shape `(n, d)`; 2,000 of them are drawn, or all.
        reference: Features of real data, shape `(m, d)`; all count.
        seed: Seed of the draw.

    Returns:
        Boolean array of shape `(m,)`.

    Raises:
        ValueError: As `precision_recall_density_coverage`.
    """
    features, reference = checked_features(features, reference, least=NEIGHBOURS + 1)
    features = _subsample(features, np.random.default_rng(seed))
    radii = _radii(cdist(features, features))
    blocks = np.array_split(reference, -(-len(reference) // SUBSAMPLE))
    return np.concatenate([(cdist(block, features) <= radii).any(axis=1) for block in blocks])


def _distances(features, reference, rng):
    """Distances `(real, sample)`, and of both sets among themselves."""
    features, reference = checked_features(features, reference, least=NEIGHBOURS + 1)
    own, real = _subsample(features, rng), _subsample(reference, rng)
    return cdist(real, own), cdist(real, real), cdist(own, own)


def _spread(between, real, own):
    in_real_ball = between <= _radii(real)[:, None]
    in_sample_ball = between <= _radii(own)[None, :]
    return {
        "precision": float(in_real_ball.any(axis=0).mean()),
        "recall": float(in_sample_ball.any(axis=1).mean()),
        "density": float(in_real_ball.sum(axis=0).mean() / NEIGHBOURS),
        "coverage": float(in_real_ball.any(axis=1).mean()),
    }


def _radii(distances):
    """Distance of each row to its 5th neighbour; the first is the row itself."""
    return np.partition(distances, NEIGHBOURS, axis=1)[:, NEIGHBOURS]


def _estimate(name, value, deviation, between):
    if name == "density":
        half = float(norm.ppf(0.975)) * deviation
        return Estimate(value, max(value - half, 0.0), value + half)
    rows = between.shape[1 if name == "precision" else 0]
    if 0 < value < 1 and deviation > 0:  # all and none say nothing of how they vary
        rows = min(value * (1 - value) / deviation**2, rows)
    return Estimate(*wilson_rate(value, rows))


def _subsample(rows, rng):
    return rows[rng.permutation(len(rows))[:SUBSAMPLE]]
