"""Around a data set in `fit`: its place, checks, prefetching, readable errors."""

import hashlib
import re
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

STREAM_ERROR = "keras_vabc: "


class EpochCount:
    """Number of the epoch that a pipeline's next iteration stands for.

    It counts in Python, since under a distribution strategy a variable would live on the replicas.

    Args:
        next_epoch: Whole number >= 0. Set the attribute of that name to move the pipeline.
    """

    def __init__(self, next_epoch):
        self.next_epoch = next_epoch

    def take(self):
        """The epoch of an iteration that begins now."""
        self.next_epoch += 1
        return np.int64(self.next_epoch - 1)


class FitData:
    """The data of a `fit`, seen from outside: which they are, and the place they are at.

    Args:
        arguments: Dict of the arguments of `fit` that say what it reads; `x` is one of them.
    """

    def __init__(self, arguments):
        self._arguments = arguments
        self._training = _epoch_counts(arguments["x"])
        self._counts = [c for argument in arguments.values() for c in _epoch_counts(argument)]

    @property
    def place(self):
        """The next epoch of each pipeline, a list of whole numbers."""
        return [count.next_epoch for count in self._counts]

    @place.setter
    def place(self, epochs):
        for count, epoch in zip(self._counts, epochs, strict=True):
            count.next_epoch = epoch

    def training_epochs(self):
        """The next epoch of each pipeline of `x`, a list."""
        return [count.next_epoch for count in self._training]

    def check_order(self):
        """Raises a `ValueError` for data of which the order in an epoch cannot be restored."""
        shuffled = self._arguments.get("shuffle", True)
        for name in ("x", "validation_data"):
            for part in _parts(self._arguments.get(name)):
                if isinstance(part, tf.data.Dataset):
                    known = bool(_epoch_counts(part))
                else:
                    known = np.asarray(part).dtype.kind in "buif" and not (name == "x" and shuffled)
                if not known:
                    raise ValueError(
                        f"{name} must be a balanced_dataset or unlabeled_dataset, transformed by "
                        "methods of its own or not, or arrays with shuffle=False: of other data "
                        "the order cannot be restored. To resume a training on them, save the "
                        "model after each epoch and pass initial_epoch to fit. "
                        f"Received: {type(part).__name__}."
                    )

    def identity(self, place):
        """Hash of the arguments: of whole arrays, and of a pipeline's size and first batch.

        Args:
            place: Where the pipelines stood when the training began.
        """
        here, self.place = self.place, place
        digest = hashlib.blake2b(digest_size=16)
        for name in sorted(self._arguments):
            digest.update(name.encode())
            for part in _parts(self._arguments[name]):
                if isinstance(part, tf.data.Dataset):
                    part = int(part.cardinality()), next(iter(part))
                for array in map(np.asarray, tf.nest.flatten(part)):
                    digest.update(f"{array.dtype} {array.shape} ".encode() + array.tobytes())
        self.place = here
        return digest.hexdigest()


def _parts(argument):
    return [part for part in tf.nest.flatten(argument) if part is not None]


def _epoch_counts(argument):
    """Every `EpochCount` in the pipelines that the data sets of an argument are made from."""
    datasets = [part for part in _parts(argument) if isinstance(part, tf.data.Dataset)]
    return [count for dataset in datasets for count in _counts_below(dataset)]


def _counts_below(dataset):
    own = getattr(dataset, "epoch_count", None)
    if own is not None:
        return [own]
    return [count for part in dataset._inputs() for count in _counts_below(part)]


def range_checked(x, low, high, scale, offset):
    """Data for `fit`, refused where the first batch lies outside `[low, high]` after preprocessing.

    Args:
        x: A `tf.data.Dataset` of `(x, y)` batches, whose first batch is checked when it is drawn;
            an array, whose first rows are checked now; or anything else, returned as it is.
        low: Least value that the decoder can reach.
        high: Largest value that the decoder can reach.
        scale: Factor of the preprocessing.
        offset: Offset of the preprocessing.

    Returns:
        `x`, or for a data set one that checks its first batch and prefetches.

    Raises:
        ValueError: If an array's first rows are out of range.
    """
    rule = (
        f"x must be finite and lie in [{low:g}, {high:g}], the range of the decoder, after "
        "preprocessing. Pass preprocessing to VABC; for images, keras.layers.Rescaling(1 / 255)."
    )

    def extremes(batch):
        batch = tf.cast(batch, tf.float32) * scale + offset
        return tf.reduce_min(batch), tf.reduce_max(batch)

    def in_range(least, most):
        slack = 1e-4
        finite = tf.math.is_finite(least) & tf.math.is_finite(most)
        return finite & (least >= low - slack) & (most <= high + slack)

    def check_first(index, *batch):
        def check():
            least, most = extremes(batch[0])
            message = " Received values from {} to {} in the first batch."
            message = tf.strings.format(STREAM_ERROR + rule + message, (least, most))
            tf.debugging.Assert(in_range(least, most), [message])
            return True

        with tf.control_dependencies([tf.cond(index == 0, check, lambda: True)]):
            return tuple(tf.nest.map_structure(tf.identity, batch))

    if isinstance(x, tf.data.Dataset) and isinstance(x.element_spec, tuple):
        checked = x.enumerate().map(lambda index, batch: check_first(index, *batch))
        return checked.prefetch(tf.data.AUTOTUNE)
    if isinstance(x, np.ndarray | tf.Tensor):
        least, most = extremes(x[:1024])
        if not in_range(least, most):
            raise ValueError(f"{rule} Received values from {least:g} to {most:g}.")
    return x


@contextmanager
def stream_errors_as_value_errors():
    """Turns an error that a check inside a `tf.data` pipeline raised into a `ValueError`."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = re.search(STREAM_ERROR + r"(.*)", error.message)
        if found is None:
            raise
        raise ValueError(found[1].rstrip("']\"")) from None
