"""The two kinds of fold a pipeline reads: rows of an array, and a stream of examples.

Both give `chunks`, a dataset of elements, and `examples`, which makes of an element the fold's part
of several batches, shape `(steps, size, ...)`. So rows stay row numbers until those of several
batches are gathered at once.
"""

import numpy as np
import tensorflow as tf

from keras_vabc.data.checks import check_finite
from keras_vabc.data.streams import STREAM_ERROR

SHUFFLE_BYTES = 2**28  # 256 MiB: what a stream's shuffle buffer may hold


def as_fold(data, name):
    """Checks data, an array or a `tf.data.Dataset` of single examples, and wraps them."""
    return (Stream if isinstance(data, tf.data.Dataset) else Rows)(data, name)


class Rows:
    """A fold held as one tensor in the host's memory, or left in its file where it is mapped.

    Its array-like has shape `(n, ...)`, n >= 1, of finite numbers; floats become float32. An
    `np.memmap` is read row by row as batches need them, so it may be larger than memory.
    """

    def __init__(self, data, name):
        array = _checked_array(data, name)
        self.count = len(array)
        self.shape = array.shape[1:]
        self.dtype = "float32" if array.dtype.kind == "f" else array.dtype.name
        if isinstance(data, np.memmap):
            self._gather = self._reader(array)
        else:
            with tf.device("CPU:0"):  # gathered on the host; only batches move to a GPU
                tensor = tf.constant(array)
            self._gather = lambda rows: tf.gather(tensor, rows)

    def chunks(self, size, bounds, seed, repeat):
        """Row numbers of shape `(steps, size)`, for one pair of bounds after the other.

        The bounds are the number of the first step of each chunk, and of the one after its last
        step; the last step may have fewer rows than `size` if it is a chunk of its own. The order
        is the one given where the seed is `None`. With `repeat` the rows are repeated, else they
        may end within the last step.
        """
        total = bounds[-1][1] * size
        if seed is not None:
            order = _passes(self.count, total, seed)
        else:
            order = tf.range(total if repeat else self.count, dtype=tf.int64) % self.count

        def row_numbers(bound):
            rows = order[bound[0] * size : bound[1] * size]
            return tf.reshape(rows, (bound[1] - bound[0], -1))

        return tf.data.Dataset.from_tensor_slices(bounds).map(row_numbers)

    def examples(self, rows, step):
        """Examples of shape `(*rows.shape, ...)`."""
        return self._gather(rows)

    def _reader(self, array):
        def read(rows):
            return array[rows].astype(self.dtype, copy=False)

        def gather(rows):
            examples = tf.numpy_function(read, [rows], self.dtype)
            return tf.ensure_shape(examples, (None, None, *self.shape))

        return gather


class Stream:
    """A fold read from a `tf.data.Dataset`, which may be larger than memory.

    Its cardinality is known, each element one tensor of static shape `(...)`. It is shuffled
    through a buffer of at most `SHUFFLE_BYTES` bytes: completely if the fold fits in there, else
    only within a window of that size.
    """

    def __init__(self, data, name):
        _check_stream(data, name)
        self.dataset = data
        self.name = name
        self.count = int(data.cardinality())
        self.shape = tuple(data.element_spec.shape)
        dtype = data.element_spec.dtype
        self.dtype = "float32" if dtype.is_floating else dtype.name
        example_bytes = max(data.element_spec.shape.num_elements() * dtype.size, 1)
        self.buffer = max(1, min(self.count, SHUFFLE_BYTES // example_bytes))

    def chunks(self, size, bounds, seed, repeat):
        """Tensors of shape `(1, size, ...)`; the arguments are those of `Rows.chunks`."""
        dataset = self.dataset
        if seed is not None:
            # Dataset.shuffle mixes in the global seed, of which the graph traced here has its own.
            tf.random.set_seed(1)
            number = tf.random.stateless_uniform((), seed, 0, 2**31 - 1, tf.int64, alg="philox")
            dataset = dataset.shuffle(self.buffer, seed=number)
        dataset = dataset.repeat() if repeat else dataset
        return dataset.batch(size, drop_remainder=seed is not None).batch(1)

    def examples(self, batch, step):
        """`batch` in the fold's dtype; an error that names fold and step if it isn't finite."""
        if not batch.dtype.is_floating:
            return batch
        batch = tf.cast(batch, tf.float32)
        message = tf.strings.format(
            f"{STREAM_ERROR}{self.name} must be finite. Received: NaN or infinity in batch {{}}, "
            "counted from 0.",
            step,
        )
        finite = tf.reduce_all(tf.math.is_finite(batch))
        with tf.control_dependencies([tf.debugging.Assert(finite, [message])]):
            return tf.identity(batch)


def check_alike(unlabeled, unwanted):
    """Refuses two folds whose examples differ in shape or dtype."""
    if (unlabeled.shape, unlabeled.dtype) != (unwanted.shape, unwanted.dtype):
        raise ValueError(
            "unlabeled and unwanted must hold examples of the same shape and dtype. Received: "
            f"unlabeled {unlabeled.shape} {unlabeled.dtype}, "
            f"unwanted {unwanted.shape} {unwanted.dtype}."
        )


def _passes(count, length, seed):
    """`length` row numbers: passes over `range(count)`, each in an order of its own."""
    passes = -(-length // count)
    if passes == 1:
        rows = tf.range(count, dtype=tf.int64)
        return tf.random.experimental.stateless_shuffle(rows, seed, alg="philox")[:length]
    # All passes at once: a loop over them is slow for a fold of one example.
    keys = tf.random.stateless_uniform((passes, count), seed, None, None, tf.int32, alg="philox")
    return tf.cast(tf.reshape(tf.argsort(keys, axis=1), [-1])[:length], tf.int64)


def _checked_array(data, name):
    """`data` as an array that keeps the rules of `Rows`."""
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"{name} must be one array. Received: {error}.") from error
    if array.dtype.kind not in "uif" or array.ndim < 2 or len(array) == 0:
        raise ValueError(
            f"{name} must be a tf.data.Dataset or an array of numbers of shape (n, ...) with at "
            f"least one example. Received: shape {array.shape}, dtype {array.dtype}"
            f"{' (None)' if data is None else ''}."
        )
    if array.dtype.kind == "f" and not isinstance(data, np.memmap):
        with np.errstate(over="ignore"):
            array = array.astype(np.float32, copy=False)
    return check_finite(name, array)


def check_single(data, name):
    """Refuses a dataset whose elements are not one tensor of known shape each."""
    spec = data.element_spec
    if not isinstance(spec, tf.TensorSpec) or not spec.shape.is_fully_defined():
        raise ValueError(
            f"{name} must be a dataset whose elements are single examples: one tensor of known "
            f"shape, neither batched nor paired with labels. Received: element_spec={spec}."
        )


def _check_stream(data, name):
    check_single(data, name)
    spec = data.element_spec
    if spec.shape.rank == 0 or not (spec.dtype.is_floating or spec.dtype.is_integer):
        raise ValueError(
            f"{name} must be a dataset of arrays of numbers. Received: element_spec={spec}."
        )
    count = int(data.cardinality())
    if count < 0:
        raise ValueError(
            f"{name} must be a dataset of known, finite cardinality: if you know that it has n "
            "examples, pass it through .apply(tf.data.experimental.assert_cardinality(n)). "
            f"Received: {'infinite' if count == tf.data.INFINITE_CARDINALITY else 'unknown'}."
        )
    if count == 0:
        raise ValueError(f"{name} must hold at least one example. Received: an empty dataset.")
