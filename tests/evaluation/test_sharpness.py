"""Laplacian energy, and what it says of real, blurred and noisy images."""

import numpy as np
import pytest
from drawn_images import bars
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

from keras_vabc.evaluation.sharpness import laplacian_energy, sharpness_auc, sharpness_ratio

RNG = np.random.default_rng(0)


def blurred(images, sigma):
    return np.rint(gaussian_filter(images.astype("float32"), (0, sigma, sigma, 0))).astype("uint8")


@pytest.fixture
def images():
    """Rectangles of random colours on noise, uint8."""
    rng = np.random.default_rng(5)
    images = rng.integers(90, 110, (200, 12, 10, 3)).astype("uint8")
    for image in images:
        row, column = rng.integers(0, 6, 2)
        image[row : row + 5, column : column + 4] = rng.integers(0, 256, 3)
    return images


def test_the_energy_is_the_sum_of_neighbours_less_four_times_the_pixel(images):
    padded = np.pad(images.astype(int), [(0, 0), (1, 1), (1, 1), (0, 0)], mode="edge")
    expected = np.zeros(len(images))
    for n, image in enumerate(padded):
        for i in range(1, 13):
            for j in range(1, 11):
                around = image[i - 1, j] + image[i + 1, j] + image[i, j - 1] + image[i, j + 1]
                expected[n] += np.abs(around - 4 * image[i, j]).sum() / (12 * 10 * 3)
    energy = laplacian_energy(images)
    many = laplacian_energy(np.tile(images, (4, 1, 1, 1)))  # more than one block
    np.testing.assert_allclose(many, np.tile(energy, 4), rtol=1e-6)
    assert laplacian_energy(images[:0]).shape == (0,)
    np.testing.assert_allclose(energy, expected, rtol=1e-6)
    assert energy.dtype == "float64" and energy.shape == (200,)


def test_one_colour_has_none_and_its_place_does_not_count(images):
    assert laplacian_energy(np.full((2, 5, 4, 1), 7, "uint8")).tolist() == [0, 0]
    turned = images[:, ::-1].transpose(0, 2, 1, 3)
    np.testing.assert_allclose(laplacian_energy(turned), laplacian_energy(images), rtol=1e-6)
    energy = laplacian_energy(images / 255)
    np.testing.assert_allclose(energy, laplacian_energy(images) / 255, rtol=1e-5)


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
    real, fresh = laplacian_energy(bars(400, RNG)), bars(400, RNG)
    perfect = laplacian_energy(fresh)
    assert sharpness_ratio(perfect, real).low < 1 < sharpness_ratio(perfect, real).high
    assert sharpness_auc(perfect, real).low < 0.5 < sharpness_auc(perfect, real).high
    blur = laplacian_energy(blurred(fresh, 1.0))
    assert sharpness_ratio(blur, real).high < 0.5 and sharpness_auc(blur, real).low > 0.95
    noise = laplacian_energy(RNG.integers(0, 256, fresh.shape).astype("uint8"))
    assert sharpness_ratio(noise, real).low > 3 and sharpness_auc(noise, real).high < 0.05
