"""Whether samples are copies of training rows: by whom they have nearest to them."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import pairwise_distances_argmin_min

from keras_vabc.evaluation.metrics import Rate, wilson_rate

NEAR = 0.01  # share of unseen real rows that are as near to a training row as a near copy


class Copies(NamedTuple):
    """What `copies` found.

    Attributes:
        nearer: `Rate` of the samples that are nearer to a training row than to any of as many
            held-out rows; .5 for what knows none of them.
        near: `Rate` of near copies.
        expected: The share of near copies among unseen real rows.
        nearer_real: `nearer` of unseen real rows.
        compared: Number of training rows, and as many held-out ones, in `nearer`.
        rows: For each sample the number of its nearest training row, shape `(n,)`.
    """

    nearer: Rate
    near: Rate
    expected: float
    nearer_real: Rate
    compared: int
    rows: np.ndarray


def copies(samples, training, held_out, seed=0):
    """Compares the way from samples to training rows with that to rows which nobody has seen.

    Half of the held-out rows, the reference, stand beside the training rows; the other half are
    what unseen real rows look like. A near copy is a sample whose distance to the nearest training
    row, over that to the nearest reference row, is less than that of all but 1 % of the unseen real
    rows. A distance alone would call typical samples copies, since they are near to everything.

    Samples that share a nearest row say the same thing once: the intervals count as many outcomes
    as there would be if all nearest rows were equally frequent.

    Args:
        samples: Features of the samples, shape `(n, d)`, n >= 1.
        training: Features of the training rows, shape `(m, d)`, m >= 1.
        held_out: Features of rows that nothing was trained on, shape `(k, d)`, k >= 4.
        seed: Seed of the halves and of the choice of training rows.

    Returns:
        `Copies`.

    Raises:
        ValueError: If there are too few rows.
    """
    if min(len(samples), len(training)) < 1 or len(held_out) < 4:
        raise ValueError(
            "samples and training must have a row, and held_out 4. Received: "
            f"{len(samples)}, {len(training)} and {len(held_out)}."
        )
    rng = np.random.default_rng(seed)
    held_out = held_out[rng.permutation(len(held_out))]
    reference, unseen = held_out[: len(held_out) // 2], held_out[len(held_out) // 2 :]
    compared = min(len(training), len(reference))
    some = training[rng.permutation(len(training))[:compared]]
    expected = max(NEAR, 1 / (len(unseen) + 1))
    limit = np.sort(_closeness(unseen, training, reference)[0])[
        round(expected * (len(unseen) + 1)) - 1
    ]
    closeness, rows = _closeness(samples, training, reference)
    return Copies(
        _nearer(samples, some, reference[:compared]),
        _clustered_rate(closeness < limit, rows),
        expected,
        _nearer(unseen, some, reference[:compared]),
        compared,
        rows,
    )


def nearest(rows, reference):
    """Distances to the nearest reference row, and its number, arrays of shape `(n,)`."""
    numbers, distances = pairwise_distances_argmin_min(rows, reference)
    return distances, numbers


def _closeness(rows, training, reference):
    """Distance to the nearest training row over that to the nearest reference row."""
    distances, numbers = nearest(rows, training)
    others = nearest(rows, reference)[0]
    return distances / np.maximum(others, np.finfo("float32").tiny), numbers


def _nearer(rows, training, reference):
    distances, numbers = nearest(rows, np.concatenate([training, reference]))
    return _clustered_rate(numbers < len(training), numbers)


def _clustered_rate(outcomes, clusters):
    """A `Rate` whose Wilson interval counts samples of one cluster as a part of one outcome."""
    sizes = np.unique(clusters, return_counts=True)[1]
    count = len(outcomes) ** 2 / (sizes**2).sum()
    return wilson_rate(float(np.mean(outcomes)), count)
