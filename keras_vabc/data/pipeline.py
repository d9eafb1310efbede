"""Batches of (x, y) with exactly the asked share of unwanted examples, interleaved.

The order is a function of (seed, epoch), never of TensorFlow's global seed.
"""

import itertools
import math

import numpy as np
import tensorflow as tf

from keras_vabc.data.checks import check_rows, check_share, check_whole
from keras_vabc.data.examples import Rows, as_fold, check_alike
from keras_vabc.data.frames import joined_numbers
from keras_vabc.data.streams import without_autotuning

CHUNK_STEPS, CHUNK_BYTES = 64, 2**22  # batches gathered at once, and what they may hold

_as_it_stands = tf.autograph.experimental.do_not_convert  # a conversion takes half a second


def balanced_dataset(
    unlabeled,
    unwanted,
    batch_size=80,
    seed=0,
    *,
    unwanted_share=0.5,
    unlabeled_y=None,
    shuffle=True,
    initial_epoch=0,
):
    """Batches of both folds, with the same share of unwanted examples in every batch.

    One epoch is one pass over the unlabeled fold; the unwanted fold is repeated, in a new order at
    each pass. Within a batch the two are interleaved, so that each replica of a distribution
    strategy gets its share of both.

    For training (`shuffle=True`) the unlabeled examples that do not fill a batch are dropped,
    others in each epoch. For evaluation (`shuffle=False`) both folds come in the order given, and
    the last batch may be smaller: its unwanted part is cut to the same share, rounded.

    Args:
        unlabeled: Array of shape `(n, ...)`, or a `tf.data.Dataset` of known cardinality whose
            elements are single examples. Integers keep their dtype, floats become float32. Or a
            table of numbers, such as a DataFrame; `fit` takes the names of its columns from the
            result.
        unwanted: Array or `tf.data.Dataset` of examples of the same shape and dtype; or a table,
            whose columns are found by their names.
        batch_size: Examples per batch, unlabeled and unwanted together.
        seed: Whole number >= 0.
        unwanted_share: Share of a batch that is unwanted; `batch_size * unwanted_share` must be a
            whole number.
        unlabeled_y: `None`, or a y in [0, 1] for each unlabeled example, shape `(n,)`, where the
            unlabeled fold is an array: how sure it is to be positive.
        shuffle: True for training, False for evaluation.
        initial_epoch: The epoch that the first iteration stands for; each further iteration is the
            next epoch. So a resumed training goes on with the order it would have had.

    Returns:
        A `tf.data.Dataset` of known cardinality with elements `x` of shape `(batch_size, ...)` and
        `y` of shape `(batch_size,)`, float32: 0 for unwanted examples, and for unlabeled ones 1
        or what `unlabeled_y` says.

    Raises:
        ValueError: If an argument breaks a rule above, a fold is empty, an array holds NaN or
            infinity, or the unlabeled fold does not fill one training batch; if a table lacks a
            column, or has one that is not of numbers.
        tf.errors.InvalidArgumentError: While reading, if a `tf.data.Dataset` yields NaN or
            infinity; it names the fold and the batch.

    Example:
        ```python
        ds = balanced_dataset(folds.unlabeled, folds.unwanted, batch_size=80, seed=0)
        model.fit(ds, epochs=30)
        ```
    """
    batch_size = check_whole("batch_size", batch_size, 2)
    unwanted_part = _unwanted_part(batch_size, unwanted_share)
    part = batch_size - unwanted_part
    (unlabeled, unwanted), names = joined_numbers(unlabeled=unlabeled, unwanted=unwanted)
    unlabeled, unwanted = as_fold(unlabeled, "unlabeled"), as_fold(unwanted, "unwanted")
    check_alike(unlabeled, unwanted)
    soft = None if unlabeled_y is None else _checked_soft(unlabeled_y, unlabeled)
    steps = _steps(unlabeled, part, batch_size, shuffle)
    bounds = _chunk_bounds(steps, batch_size, unlabeled, unwanted)

    mix = _mixer(unlabeled, unwanted, soft, part, unwanted_part)

    def one_epoch(epoch):
        return tf.data.Dataset.zip(
            tf.data.Dataset.from_tensor_slices(bounds),
            unlabeled.chunks(part, bounds, _key(seed, epoch, 0, shuffle), repeat=False),
            unwanted.chunks(unwanted_part, bounds, _key(seed, epoch, 1, shuffle), repeat=True),
        ).map(mix)

    dataset = _per_epoch(one_epoch, steps, seed, initial_epoch, batch_size if shuffle else None)
    dataset.column_names = names
    return dataset


def unlabeled_dataset(unlabeled, batch_size=80, seed=0, *, shuffle=True, initial_epoch=0):
    """Batches of the unlabeled fold alone: with y = 1 everywhere, `VABC` is exactly the VAE.

    Args:
        unlabeled: As in `balanced_dataset`.
        batch_size: Examples per batch.
        seed: Whole number >= 0.
        shuffle: True for training, which drops the last partial batch (other examples in each
            epoch); False for evaluation, in the order given, which keeps it.
        initial_epoch: As in `balanced_dataset`.

    Returns:
        A `tf.data.Dataset` of known cardinality with elements `x` of shape `(batch_size, ...)` and
        `y` of shape `(batch_size,)`, float32, all ones.

    Raises:
        ValueError: As in `balanced_dataset`.
        tf.errors.InvalidArgumentError: As in `balanced_dataset`.
    """
    batch_size = check_whole("batch_size", batch_size, 1)
    (unlabeled,), names = joined_numbers(unlabeled=unlabeled)
    fold = as_fold(unlabeled, "unlabeled")
    steps = _steps(fold, batch_size, batch_size, shuffle)

    bounds = _chunk_bounds(steps, batch_size, fold)

    def label(bound, element):
        x = fold.examples(element, bound[0])
        return x, tf.ones(tf.shape(x)[:2])

    def one_epoch(epoch):
        key = _key(seed, epoch, 0, shuffle)
        chunks = fold.chunks(batch_size, bounds, key, repeat=False)
        return tf.data.Dataset.zip(tf.data.Dataset.from_tensor_slices(bounds), chunks).map(label)

    dataset = _per_epoch(one_epoch, steps, seed, initial_epoch, batch_size if shuffle else None)
    dataset.column_names = names
    return dataset


def _mixer(unlabeled, unwanted, soft, part, unwanted_part):
    """A function of elements of both folds: several batches, and their y.

    `soft` has the y of each unlabeled row, or is `None` for 1; the parts are the examples that a
    whole batch takes of each fold.
    """

    def mix(bound, u, w):
        x, x_unwanted = (f.examples(e, bound[0]) for f, e in ((unlabeled, u), (unwanted, w)))
        count = tf.shape(x)[1]
        # A last batch that is smaller has as much less of the unwanted; any other has all.
        x_unwanted = x_unwanted[:, : (2 * count * unwanted_part + part) // (2 * part)]
        order, y = _interleaving(count, tf.shape(x_unwanted)[1])
        x = tf.gather(tf.concat([x, x_unwanted], 1), order, axis=1)
        y = tf.repeat(y[None], tf.shape(x)[0], axis=0)
        if soft is not None:
            y_unwanted = tf.zeros(tf.shape(x_unwanted)[:2])
            y = tf.gather(tf.concat([tf.gather(soft, u), y_unwanted], 1), order, axis=1)
        return x, y

    return mix


class EpochCount:
    """Number of the epoch that a pipeline's next iteration stands for; set it to move the pipeline.

    It counts in Python, since under a distribution strategy a variable would live on the replicas.
    """

    def __init__(self, next_epoch):
        self.next_epoch = next_epoch

    def take(self):
        """The epoch of an iteration that begins now."""
        self.next_epoch += 1
        return np.int64(self.next_epoch - 1)


def _per_epoch(one_epoch, steps, seed, initial_epoch, rows):
    """A dataset of batches whose k-th iteration, k = 0, 1, ..., is `one_epoch(initial_epoch + k)`.

    `one_epoch` gives chunks of batches; each batch has `rows` rows, or where that is `None` the
    last one may hold fewer.
    """
    check_whole("seed", seed, 0)
    epochs = EpochCount(check_whole("initial_epoch", initial_epoch, 0))

    @_as_it_stands
    def begin(_):
        epoch = tf.numpy_function(epochs.take, [], tf.int64)
        return tf.ensure_shape(epoch, ())

    @_as_it_stands
    def of_known_size(x, y):
        return tf.ensure_shape(x, (None, rows, *x.shape[2:])), tf.ensure_shape(y, (None, rows))

    dataset = tf.data.Dataset.range(1).map(begin).flat_map(_as_it_stands(one_epoch))
    dataset = dataset.map(of_known_size).unbatch()
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    dataset = without_autotuning(dataset.prefetch(tf.data.AUTOTUNE))
    dataset.epoch_count = epochs
    return dataset


def _chunk_bounds(steps, batch_size, *folds):
    """First step and end of each chunk; the last step, which may be smaller, is one of its own."""
    chunk = 1
    if all(isinstance(fold, Rows) for fold in folds):
        row_bytes = math.prod(folds[0].shape) * np.dtype(folds[0].dtype).itemsize
        chunk = max(1, min(CHUNK_STEPS, CHUNK_BYTES // (batch_size * row_bytes)))
    starts = [*range(0, steps - 1, chunk), steps - 1]
    return np.array(list(itertools.pairwise([*starts, steps])))


def _key(seed, epoch, stream, shuffle):
    """Seed of one fold's order in one epoch; None for the order given."""
    return tf.stack([tf.constant(seed, tf.int64), 2 * epoch + stream]) if shuffle else None


def _interleaving(count, unwanted_count):
    """Spreads the unwanted examples evenly over a batch.

    For each place of the batch: its row in `[unlabeled | unwanted]`, and its y.
    """
    total = count + unwanted_count
    place = tf.range(total)
    before = place * unwanted_count // total  # unwanted examples in front of this place
    is_unwanted = (place + 1) * unwanted_count // total > before
    row = tf.where(is_unwanted, count + before, place - before)
    return row, tf.cast(~is_unwanted, tf.float32)


def _checked_soft(unlabeled_y, unlabeled):
    """`unlabeled_y` as a float32 tensor, or a `ValueError` that says what is wrong with it."""
    if not isinstance(unlabeled, Rows):
        raise ValueError(
            "unlabeled must be an array where unlabeled_y is given: a stream is shuffled without "
            "row numbers. Received: a tf.data.Dataset."
        )
    soft = check_rows("unlabeled_y", unlabeled_y, ())
    if len(soft) != unlabeled.count or not ((soft >= 0) & (soft <= 1)).all():
        raise ValueError(
            f"unlabeled_y must hold {unlabeled.count} numbers in [0, 1], one for each unlabeled "
            f"example. Received: {len(soft)} from {soft.min(initial=0)} to {soft.max(initial=0)}."
        )
    with tf.device("CPU:0"):  # beside the rows
        return tf.constant(soft, tf.float32)


def _steps(fold, part, batch_size, shuffle):
    """Batches in one pass over the unlabeled fold, of which a batch takes `part` examples."""
    if not shuffle:
        return -(-fold.count // part)
    if fold.count < part:
        raise ValueError(
            f"batch_size must not exceed what the unlabeled fold allows: each batch takes {part} "
            f"unlabeled examples. Received: batch_size={batch_size}, {fold.count} examples."
        )
    return fold.count // part


def _unwanted_part(batch_size, unwanted_share):
    check_share(unwanted_share=unwanted_share)
    part = round(batch_size * unwanted_share)
    if abs(part - batch_size * unwanted_share) > 1e-6 or not 1 <= part < batch_size:
        rule = "even" if unwanted_share == 0.5 else "such that batch_size * unwanted_share is whole"
        raise ValueError(
            f"batch_size must be {rule}. Received: batch_size={batch_size}, "
            f"unwanted_share={unwanted_share}."
        )
    return part
