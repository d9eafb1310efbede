"""Classifiers that judge generated samples. None ever trains, filters or tunes what it judges."""

import hashlib
import json
import os
import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from scipy.ndimage import gaussian_filter

from keras_vabc.data.blocks import Blockwise
from keras_vabc.data.checks import check_rows
from keras_vabc.data.streams import without_autotuning
from keras_vabc.files.writing import whole_file, write_whole
from keras_vabc.vabc.networks import CHANNELS_LAST

VERSION = 3  # part of the cache's key: raise it when networks or training change
LEAST_EPOCHS = 6  # of as many steps as the originals fill; half of the images are blurred
BLURS = (0.02, 0.04, 0.06)  # standard deviations, as shares of the image's width
LEAST_STEPS = 1500  # for small data sets
BATCH_SIZE = 128
FEATURES = 128
PADDED = {"padding": "same", **CHANNELS_LAST}


class CNNJudge:
    """A convolutional classifier of images, trained on labelled originals, sharp and blurred.

    Args:
        network: Keras model with the outputs `[features, probabilities]`.
        accuracy: Its accuracy on the test set.
    """

    def __init__(self, network, accuracy):
        self.network = network
        self.accuracy = accuracy
        self._judge = Blockwise(network)

    def judge(self, images):
        """Features and class probabilities.

        Args:
            images: Shape `(n, height, width, channels)`, values 0 to 255.

        Returns:
            `(features, probabilities)`, float32 arrays of shape `(n, 128)` and `(n, classes)`.

        Raises:
            ValueError: If the images have another shape than the judge's or are not finite: NaN
                would pass through ReLU and pooling and come out as a class.
        """
        images = check_rows("images", images, self.network.input_shape[1:])
        return self._judge(images.astype("float32"))

    def classes(self, images):
        """The most probable class of each image, shape `(n,)`."""
        return self.judge(images)[1].argmax(axis=1)


def train_judge(x, labels, x_test, labels_test, *, seed=0, architecture="pooling", callbacks=()):
    """Trains a judge, or loads the same one where it has been trained before.

    It learns from the originals and from blurred copies of them, since decoder means are blurred: a
    judge that never saw blur takes them for one class or another by chance, at the same accuracy on
    sharp images.

    It is kept in `$KERAS_VABC_CACHE/judges` (by default `~/.cache/keras_vabc/judges`), under a name
    made from the data, the labels, the seed and the architecture.

    Args:
        x: Images, uint8, shape `(n, height, width, channels)`.
        labels: Classes, shape `(n,)`, whole numbers from 0 on. Two of them make the paper's judge,
            all of them the strict one.
        x_test: Images that measure the accuracy.
        labels_test: Their classes.
        seed: Seed of the initial weights and of the order of the data.
        architecture: `"pooling"`, or `"strided"` for a second opinion by another network.
        callbacks: Keras callbacks, to show progress.

    Returns:
        `CNNJudge`.

    Raises:
        ValueError: If the architecture is unknown.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(
            f"architecture must be one of {', '.join(ARCHITECTURES)}. "
            f"Received: architecture={architecture!r}."
        )
    labels = np.asarray(labels, "int64")
    path = _cache_path(seed, architecture, x, labels, x_test, labels_test)
    cached = _load(path)
    if cached is not None:
        return cached
    network = _network(x.shape[1:], int(labels.max()) + 1, seed, ARCHITECTURES[architecture])
    _fit(network, x, labels, seed, callbacks)
    judge = CNNJudge(network, None)
    judge.accuracy = float((judge.classes(x_test) == labels_test).mean())
    try:
        _store(path, judge)
    except OSError as error:
        warnings.warn(f"The judge could not be cached: {error}", stacklevel=2)
    return judge


def _fit(network, x, labels, seed, callbacks):
    steps_per_epoch = -(-len(x) // BATCH_SIZE)
    epochs = max(LEAST_EPOCHS, -(-LEAST_STEPS // steps_per_epoch))
    steps = epochs * steps_per_epoch
    learning_rate = keras.optimizers.schedules.CosineDecay(
        1e-4, steps * 9 // 10, warmup_target=2.5e-3, warmup_steps=steps // 10
    )
    training = keras.Model(network.input, network.outputs[1])
    training.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(seed)
    x, labels = np.concatenate([x, blurred(x, rng)]), np.concatenate([labels, labels])
    passes = -(-steps * BATCH_SIZE // len(x))
    rows = np.concatenate([rng.permutation(len(x)) for _ in range(passes)])
    rows = rows[: steps * BATCH_SIZE].reshape(steps, BATCH_SIZE)
    with tf.device("CPU"):  # captured tensors; arrays would be copied into the graph, at most 2 GB
        x, labels = tf.constant(x), tf.constant(labels)
    batches = tf.data.Dataset.from_tensor_slices(rows)
    batches = batches.map(lambda r: (tf.gather(x, r), tf.gather(labels, r))).prefetch(2)
    training.fit(
        without_autotuning(batches),
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )


def blurred(x, rng):
    """Each image under a Gaussian blur drawn from `BLURS`."""
    images = np.empty_like(x)
    drawn = rng.choice(BLURS, len(x))
    for blur in BLURS:
        rows = drawn == blur
        images[rows] = blurred_images(x[rows], blur)
    return images


def blurred_images(x, blur):
    """Images `(n, height, width, channels)` under a Gaussian blur, a share of their width.

    They are float32, rounded to whole numbers.
    """
    sigma = blur * x.shape[2]
    return np.rint(gaussian_filter(x.astype("float32"), (0, sigma, sigma, 0)))


def _network(input_shape, classes, seed, convolutions):
    kernels = (keras.initializers.GlorotUniform(seed * 1000 + layer) for layer in range(10))
    inputs = keras.Input(input_shape)
    x = convolutions(layers.Rescaling(1 / 255)(inputs), kernels)
    x = layers.Flatten(**CHANNELS_LAST)(x)
    features = layers.Dense(FEATURES, activation="relu", kernel_initializer=next(kernels))(x)
    outputs = layers.Dense(classes, activation="softmax", kernel_initializer=next(kernels))(
        features
    )
    return keras.Model(inputs, [features, outputs], name="judge")


def _pooling(x, kernels):
    for filters in (16, 32):
        x = layers.Conv2D(
            filters, 3, activation="relu", kernel_initializer=next(kernels), **PADDED
        )(x)
        x = layers.MaxPooling2D(**PADDED)(x)
    return x


def _strided(x, kernels):
    """No pooling, larger kernels, normalized activations: little in common with `_pooling`."""
    for filters, strides in ((24, 2), (48, 1), (48, 2)):
        x = layers.Conv2D(
            filters, 5, strides, use_bias=False, kernel_initializer=next(kernels), **PADDED
        )(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    return x


ARCHITECTURES = {"pooling": _pooling, "strided": _strided}


def _cache_path(seed, architecture, *arrays):
    version = VERSION if architecture == "pooling" else f"{VERSION} {architecture}"
    digest = hashlib.sha256(f"{version} {seed}".encode())
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    root = os.environ.get("KERAS_VABC_CACHE") or "~/.cache/keras_vabc"
    return Path(root).expanduser() / "judges" / f"{digest.hexdigest()[:16]}.keras"


def _load(path):
    """The judge stored at `path`; None if there is none or its file is damaged."""
    try:
        accuracy = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["accuracy"]
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
        return CNNJudge(network, float(accuracy))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None


def _store(path, judge):
    """Writes the model and then its accuracy, without which it is not taken for whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        judge.network.save(temporary)
    write_whole(path.with_suffix(".json"), json.dumps({"accuracy": judge.accuracy}).encode())
