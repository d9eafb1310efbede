"""The guard for any generator's samples."""

import numpy as np
import pytest

import keras_vabc as kv


class Half:
    """P(negative | x) is the number itself."""

    def negative_probability(self, x):
        return np.asarray(x)


def draw(n, seed):
    assert 0 <= seed < 2**31
    return np.random.default_rng(seed).random(n)


def test_it_accepts_up_to_the_threshold_and_never_nan():
    guard = kv.Guard(Half(), threshold=0.25)
    assert guard.accepts([0.0, 0.25, 0.26, 1.0, np.nan]).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_guarded_generator_gives_n_accepted_samples_by_its_seed():
    guarded = kv.Guard(Half(), threshold=0.25).sampling(draw)
    samples = guarded(400, 3)
    assert samples.shape == (400,) and samples.max() <= 0.25 and len(np.unique(samples)) == 400
    assert samples.mean() == pytest.approx(0.125, abs=0.02)
    np.testing.assert_array_equal(samples, guarded(400, 3))
    assert not np.array_equal(samples, guarded(400, 4)) and guarded(0, 3).shape == (0,)


def test_it_serves_a_certificate():
    guarded = kv.Guard(Half(), threshold=0.25).sampling(draw)
    assert kv.certify(guarded, lambda x: x > 0.25, 100).attempt.found == 0
    assert kv.certify(draw, lambda x: x > 0.25, 100).attempt.found > 50


def test_it_gives_up_where_nothing_passes():
    guarded = kv.Guard(Half(), threshold=1e-9, max_tries=5).sampling(draw)
    with pytest.raises(RuntimeError, match="one in max_tries=5 samples at .* 0 of 10 accepted"):
        guarded(10, 3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"nu": 3}, "nu must be an object with negative_probability"),
        ({"threshold": 1.0}, r"threshold must be in \(0, 1\)"),
        ({"max_tries": 0}, "max_tries must be a whole number >= 1"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kv.Guard(**({"nu": Half()} | arguments))
