"""Near copies and nearest rows: by hand, and on honest, copying and collapsed generators."""

import numpy as np
import pytest

from keras_vabc.evaluation.copies import copies

RNG = np.random.default_rng(0)
SEED = 3


def points(count):
    return RNG.normal(size=(count, 5)).astype("float32")


def test_figures_are_those_counted_by_hand():
    """On a line: five training rows, and ten held-out ones of which five stay a reference."""
    training = np.array([[0.0], [10], [20], [30], [40]], "float32")
    held_out = np.arange(2.0, 52, 5, dtype="float32")[:, None]
    halves = held_out[np.random.default_rng(SEED).permutation(10)]
    reference, unseen = halves[:5], halves[5:]
    samples = np.array([[0.5], [9.9], [31.3], [26.5], [44]], "float32")

    def distance(rows, others):
        return np.abs(rows - others.T).min(axis=1)

    found = copies(samples, training, held_out, SEED)
    assert found.nearer.value == (distance(samples, training) < distance(samples, reference)).mean()
    assert found.nearer_real.value == (
        (distance(unseen, training) < distance(unseen, reference)).mean()
    )
    assert found.expected == pytest.approx(1 / 6) and found.compared == 5
    limit = (distance(unseen, training) / distance(unseen, reference)).min()
    closeness = distance(samples, training) / distance(samples, reference)
    assert found.near.value == (closeness < limit).mean() > 0
    assert found.rows.tolist() == [0, 1, 3, 3, 4]


def test_real_rows_are_no_copies():
    """In 25 draws: the interval has the ideal in most, and a near copy is as rare as it should."""
    holding, near = [], []
    for seed in range(25):
        found = copies(points(300), points(600), points(800), seed)
        holding.append(found.nearer.low <= 0.5 <= found.nearer.high)
        near.append(found.near.value)
    assert np.mean(holding) >= 0.8
    assert np.mean(near) == pytest.approx(0.01, abs=0.006)


@pytest.mark.parametrize("count", [30, 1000])
def test_copies_are_seen_however_many_rows_were_copied(count):
    training, held_out = points(count), points(1000)
    samples = training[RNG.integers(0, count, 400)] + 0.02 * points(400)
    found = copies(samples, training, held_out, SEED)
    assert found.near.low > 0.8 and found.nearer.low > 0.6
    assert found.nearer_real.low < 0.5 < found.nearer_real.high
    part = copies(np.concatenate([samples[:40], points(360)]), training, held_out, SEED)
    assert 0.08 < part.near.value < 0.16 and part.near.low > 0.03


def test_typical_samples_are_no_copies():
    """They are nearer to everything than a real row is, and to no training row in particular."""
    found = copies(0.3 * points(400), points(1000), points(1000), SEED)
    assert found.near.low <= 0.01 and found.nearer.low <= 0.5 <= found.nearer.high


def test_one_repeated_sample_tells_nothing_of_copies():
    found = copies(np.repeat(points(1), 400, axis=0), points(500), points(500), SEED)
    for rate in (found.nearer, found.near):
        assert rate.value in (0, 1) and rate.high - rate.low > 0.7


def test_too_few_rows_are_refused():
    with pytest.raises(ValueError, match="held_out 4. Received: 1, 1 and 3"):
        copies(points(1), points(1), points(3))
