"""Laplacian energy, and what it says of a perfect, a blurred, a noisy and a collapsed generator."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from keras_vabc.evaluation.sharpness import laplacian_energy, sharpness


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
    np.testing.assert_allclose(energy, expected, rtol=1e-6)
    assert energy.dtype == "float64" and energy.shape == (200,)


def test_one_colour_has_none_and_its_place_does_not_count(images):
    assert laplacian_energy(np.full((2, 5, 4, 1), 7, "uint8")).tolist() == [0, 0]
    turned = images[:, ::-1].transpose(0, 2, 1, 3)
    np.testing.assert_allclose(laplacian_energy(turned), laplacian_energy(images), rtol=1e-6)
    energy = laplacian_energy(images / 255)
    np.testing.assert_allclose(energy, laplacian_energy(images) / 255, rtol=1e-5)


def test_perfect_blurred_noisy_and_collapsed(images):
    real, samples = images[:100], images[100:]
    perfect = sharpness(samples, real)
    assert perfect.ratio == pytest.approx(1, abs=0.1) and 0.5 <= perfect.auc < 0.6
    blurred = sharpness(gaussian_filter(samples.astype("float32"), (0, 1, 1, 0)), real)
    assert blurred.ratio < 0.5 and blurred.auc > 0.99
    noise = np.random.default_rng(6).integers(0, 256, samples.shape)
    noisy = sharpness(noise, real)
    assert noisy.ratio > 2 and noisy.auc > 0.99
    collapsed = sharpness(np.repeat(real[:1], 50, axis=0), real)
    rank = (laplacian_energy(real[:1]) > laplacian_energy(real[1:])).mean()
    assert collapsed.auc == pytest.approx(max(rank, 1 - rank), abs=0.01)


def test_what_has_no_sharpness_is_refused(images):
    with pytest.raises(
        ValueError, match=r"images must have shape .* Received: shape \(12, 10, 3\)"
    ):
        laplacian_energy(images[0])
    for samples, real in ((images[:0], images), (images, images[:0]), (images, images * 0)):
        with pytest.raises(ValueError, match="samples and real must hold images"):
            sharpness(samples, real)
