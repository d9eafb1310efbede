"""Sharpness and the network that tells samples apart, on real, blurred, noisy and other images."""

import numpy as np
import pytest
from drawn_images import bars
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

from keras_vabc.evaluation.fidelity import (
    sharpness,
    sharpness_auc,
    sharpness_ratio,
    told_apart,
)

RNG = np.random.default_rng(0)
SEED = 3


def blurred(images, sigma):
    return np.rint(gaussian_filter(images.astype("float32"), (0, sigma, sigma, 0))).astype("uint8")


def test_sharpness_is_the_mean_absolute_laplacian_of_each_image():
    images = RNG.integers(0, 256, (3, 5, 6, 2)).astype("uint8")
    padded = np.pad(images.astype("float64"), ((0, 0), (1, 1), (1, 1), (0, 0)), "symmetric")
    around = padded[:, 2:, 1:-1] + padded[:, :-2, 1:-1] + padded[:, 1:-1, 2:] + padded[:, 1:-1, :-2]
    expected = np.abs(around - 4.0 * images).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(sharpness(images), expected, rtol=1e-5)
    assert (sharpness(np.full((2, 4, 4, 3), 200, "uint8")) == 0).all()
    assert sharpness(images[:0]).shape == (0,)
    many = np.tile(images, (400, 1, 1, 1))  # more than one block
    np.testing.assert_allclose(sharpness(many), np.tile(expected, 400), rtol=1e-5)


def test_ratio_and_auc_are_those_of_the_numbers():
    own, real = RNG.gamma(4.0, 2.0, 300), RNG.gamma(5.0, 2.0, 200)
    ratio, auc = sharpness_ratio(own, real), sharpness_auc(own, real)
    assert ratio.value == pytest.approx(own.mean() / real.mean())
    truth = np.repeat([0, 1], [len(own), len(real)])
    assert auc.value == pytest.approx(roc_auc_score(truth, np.concatenate([own, real])))
    assert sharpness_auc(np.ones(5), np.ones(7)).value == 0.5
    for estimate, statistic in (
        (ratio, lambda a, b: a.mean() / b.mean()),
        (auc, lambda a, b: (b[:, None] > a).mean()),
    ):
        drawn = [statistic(RNG.choice(own, 300), RNG.choice(real, 200)) for _ in range(2000)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        width = high - low
        assert estimate.low == pytest.approx(low, abs=0.08 * width)
        assert estimate.high == pytest.approx(high, abs=0.08 * width)


def test_sharpness_tells_blur_and_noise_from_real_images():
    real, fresh = sharpness(bars(400, RNG)), bars(400, RNG)
    perfect = sharpness(fresh)
    assert sharpness_ratio(perfect, real).low < 1 < sharpness_ratio(perfect, real).high
    assert sharpness_auc(perfect, real).low < 0.5 < sharpness_auc(perfect, real).high
    blur = sharpness(blurred(fresh, 1.0))
    assert sharpness_ratio(blur, real).high < 0.5 and sharpness_auc(blur, real).low > 0.95
    noise = sharpness(RNG.integers(0, 256, fresh.shape).astype("uint8"))
    assert sharpness_ratio(noise, real).low > 3 and sharpness_auc(noise, real).high < 0.05


def test_a_network_tells_blur_but_not_real_images_from_real_images():
    real, fresh = bars(600, RNG), bars(500, RNG)
    perfect = told_apart(fresh, real, SEED)
    assert perfect == told_apart(fresh, real, SEED), "the seed decides"
    assert perfect.low < 0.5 < perfect.high and 0.04 < perfect.high - perfect.low < 0.1
    assert told_apart(blurred(fresh, 1.0), real, SEED).low > 0.9
    with pytest.raises(ValueError, match="at least 4 rows. Received: 3, 600"):
        told_apart(fresh[:3], real)
