"""Features of images for which no network was trained: what patches of the images look like."""

import numpy as np
import tensorflow as tf
from sklearn.decomposition import PCA

from keras_vabc.data.blocks import Blockwise

SIZE, STRIDE = 6, 2  # of patches, in pixels
FILTERS = 128
GRID = 3  # an image is summed up in 3 x 3 fields
THRESHOLD = 0.25  # of a filter's response, which lies in the order of 1
CONTRAST = 0.01  # added to the variance of a patch: flat ones stay flat
FLAT = 0.1  # deviation of a normalized patch that shows nothing
COMPONENTS = 64
LARGEST = 64  # pixels of a side; larger images are averaged down
ROWS, PATCHES = 1000, 20_000


class PatchFeatures:
    """Features of images by a dictionary of their own patches.

    Patches of some images are brought to equal contrast and whitened; 128 of them, taken at random,
    are the filters of one convolution. What responds is averaged over 3 x 3 fields and projected on
    its 64 principal components. Nothing is trained, so that the features have no part in any model,
    guard or threshold which they judge, and know no row by heart. Neighbours in them share their
    class more often than neighbours by pixels or by a convolutional network of random weights (the
    5 nearest of 5,000, CIFAR-10: .43, .30, .31; MNIST: .93, .94, .85).

    Args:
        images: Real images that the dictionary is made of, uint8, shape `(n, height, width,
            channels)`, n >= 2, which are not all equal.
        seed: Seed of the dictionary.

    References:
        - [An Analysis of Single-Layer Networks in Unsupervised Feature Learning](
          https://proceedings.mlr.press/v15/coates11a.html), Coates, Ng and Lee 2011.
    """

    def __init__(self, images, seed=0):
        rng = np.random.default_rng(seed)
        some = images[rng.permutation(len(images))[: 2 * ROWS]]
        self._factor = -(-max(images.shape[1:3]) // LARGEST)
        self._filters, self._bias = self._dictionary(some[:ROWS], rng)
        self._responses = Blockwise(self._summed_up)
        responses = self._responses(some)
        count = min(COMPONENTS, *responses.shape)
        self._projection = PCA(count, svd_solver="randomized", random_state=seed).fit(responses)

    def __call__(self, images):
        """Float32 array of shape `(n, 64)`, of images uint8 in `(n, height, width, channels)`."""
        return self._projection.transform(self._responses(images)).astype("float32")

    def _dictionary(self, images, rng):
        patches = self._patches(images)
        patches = patches[rng.permutation(len(patches))[:PATCHES]]
        deviation = patches.std(axis=1, keepdims=True)
        patches = (patches - patches.mean(axis=1, keepdims=True)) / np.sqrt(deviation**2 + CONTRAST)
        showing = patches[patches.std(axis=1) > FLAT]
        patches = showing if len(showing) else patches
        mean, covariance = patches.mean(axis=0), np.cov(patches.T) + 1e-6 * np.eye(patches.shape[1])
        values, vectors = np.linalg.eigh(covariance)
        whitening = (vectors / np.sqrt(values + 0.1 * values.mean())) @ vectors.T
        chosen = ((patches - mean) @ whitening)[:FILTERS]
        chosen /= np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-6)
        filters = whitening @ chosen.T
        return filters.astype("float32"), (-mean @ filters).astype("float32")

    def _patches(self, images):
        pixels = self._scaled(images)
        height, width = self._size(pixels.shape)
        cut = tf.image.extract_patches(
            pixels, [1, height, width, 1], [1, STRIDE, STRIDE, 1], [1, 1, 1, 1], "VALID"
        )
        return cut.numpy().reshape(-1, cut.shape[-1])

    def _scaled(self, images):
        pixels = tf.cast(images, tf.float32) / 255
        factor = self._factor
        return tf.nn.avg_pool2d(pixels, factor, factor, "SAME") if factor > 1 else pixels

    def _size(self, shape):
        return min(SIZE, shape[1]), min(SIZE, shape[2])

    def _summed_up(self, images):
        """Means of what responds in each field: a tensor of shape `(batch, numbers)`."""
        pixels = self._scaled(images)
        height, width = self._size(pixels.shape)
        channels = pixels.shape[3]

        def mean(x):
            pooled = tf.nn.avg_pool2d(x, (height, width), STRIDE, "VALID")
            return tf.reduce_mean(pooled, axis=3, keepdims=True)

        average = mean(pixels)
        deviation = tf.sqrt(tf.maximum(mean(pixels**2) - average**2, 0) + CONTRAST)
        kernel = tf.reshape(self._filters, (height, width, channels, -1))
        response = tf.nn.conv2d(pixels, kernel, STRIDE, "VALID")
        response = (response - average * self._filters.sum(axis=0)) / deviation + self._bias
        both = tf.concat(
            [tf.nn.relu(response - THRESHOLD), tf.nn.relu(-response - THRESHOLD)], axis=3
        )
        field = [-(-side // GRID) for side in both.shape[1:3]]
        fields = tf.nn.avg_pool2d(both, field, field, "SAME")
        return tf.reshape(fields, (-1, int(np.prod(fields.shape[1:]))))
