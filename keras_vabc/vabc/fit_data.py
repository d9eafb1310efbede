"""The data of a `fit` as a checkpoint sees them: which they are, and the epoch they are at."""

import numpy as np
import tensorflow as tf

from keras_vabc.files.fingerprints import array_fingerprint


class FitData:
    """The data of a `fit`, seen from outside: which they are, and the epoch they are at.

    `arguments` are those of `fit` that say what it reads; `x` is one of them.
    """

    def __init__(self, arguments):
        self._arguments = arguments
        self._training = _epoch_counts(arguments["x"])
        self._counts = [c for argument in arguments.values() for c in _epoch_counts(argument)]

    @property
    def next_epochs(self):
        """The next epoch of each pipeline, a list of whole numbers."""
        return [count.next_epoch for count in self._counts]

    @next_epochs.setter
    def next_epochs(self, epochs):
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

    def check_steps(self, steps):
        """Raises a `ValueError` unless epochs of so many batches read the data set `x` once."""
        x = self._arguments["x"]
        if isinstance(x, tf.data.Dataset) and int(x.cardinality()) != steps:
            raise ValueError(
                "x must be a data set of known, finite size that each epoch reads once: no "
                f"repeat, no other steps_per_epoch. Received: cardinality {int(x.cardinality())}, "
                f"{steps} steps an epoch."
            )

    def fingerprint(self, first_epochs):
        """Fingerprint of the arguments: of whole arrays, of a pipeline's size and first batch.

        `first_epochs` are the next epochs of the pipelines when the training began.
        """
        here, self.next_epochs = self.next_epochs, first_epochs
        arrays = []
        for name in sorted(self._arguments):
            arrays.append(np.array(name))
            for part in _parts(self._arguments[name]):
                if isinstance(part, tf.data.Dataset):
                    part = int(part.cardinality()), next(iter(part))
                arrays += tf.nest.flatten(part)
        self.next_epochs = here
        return array_fingerprint(arrays)


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
