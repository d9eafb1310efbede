"""The network that tells samples apart, on real and blurred images."""

import numpy as np
import pytest
from drawn_images import bars
from scipy.ndimage import gaussian_filter

from keras_vabc.evaluation.fidelity import told_apart

RNG = np.random.default_rng(0)
SEED = 3


def blurred(images, sigma):
    return np.rint(gaussian_filter(images.astype("float32"), (0, sigma, sigma, 0))).astype("uint8")


def test_a_network_tells_blur_but_not_real_images_from_real_images():
    real, fresh = bars(600, RNG), bars(500, RNG)
    perfect = told_apart(fresh, real, SEED)
    assert perfect == told_apart(fresh, real, SEED), "the seed decides"
    assert 0.4 < perfect.value < 0.6 and 0.04 < perfect.high - perfect.low < 0.1
    assert told_apart(blurred(fresh, 1.0), real, SEED).low > 0.9
    with pytest.raises(ValueError, match="at least 4 rows. Received: 3, 600"):
        told_apart(fresh[:3], real)
