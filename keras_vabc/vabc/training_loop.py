"""Many steps in one call of TensorFlow, and one iterator over a data set for all epochs.

Keras makes an iterator anew for each epoch, which takes longer than a whole epoch of a small data
set; and where its iterator goes on, its calls of several steps run past the end of an epoch.
"""

import contextlib
import math

import keras
import tensorflow as tf

MOST_STEPS = 64
MOST_WEIGHTS = 2**24  # weights times steps in one call: about a second of work
MOST_BYTES = 2**25  # of data in one call


def default_steps_per_execution(variables):
    """Steps in one call of TensorFlow, where `VABC.compile` is given no number.

    `2**24` over the number of weights, rounded down, but at least 1 and at most 64: about a second
    of work. It depends on the size of the networks alone: 64 for the paper's networks for Moons, 31
    for those for MNIST.
    """
    weights = sum(math.prod(variable.shape) for variable in variables)
    return max(1, min(MOST_STEPS, MOST_WEIGHTS // max(weights, 1)))


def known_size(dataset):
    """Number of elements of a `tf.data.Dataset`; `None` if it is not known, or not finite."""
    size = _cardinality(dataset)
    return size if size > 0 else None


def chunked(dataset, steps):
    """Chunks of up to `steps` batches, over and over; none reaches from one epoch into the next.

    The elements are pairs `(count, batches)`: how many batches, and a structure like that of one
    batch with one more axis of length `steps` in front, filled up with zeros. `None` where the size
    of the data set or of a batch is not known, or a chunk would be too much data.
    """
    if known_size(dataset) is None or not 0 < _batch_bytes(dataset) * steps <= MOST_BYTES:
        return None

    def fill(*batches):
        count = tf.shape(tf.nest.flatten(batches)[0])[0]

        def filled(tensor):
            after = [[0, steps - count], *[[0, 0]] * (len(tensor.shape) - 1)]
            return tf.ensure_shape(tf.pad(tensor, after), (steps, *tensor.shape[1:]))

        return count, tf.nest.map_structure(filled, batches)

    return repeated(dataset.batch(steps).map(fill).prefetch(2))


def repeated(dataset):
    """The data set over and over; a pass begins when its first element is asked for, not before."""
    options = tf.data.Options()
    options.experimental_optimization.inject_prefetch = False  # it would read ahead of the pass
    return dataset.repeat().with_options(options)


def _cardinality(data):
    """Of a `tf.data.Dataset`; that of an unknown size for anything else."""
    if isinstance(data, tf.data.Dataset):
        return int(data.cardinality())
    return tf.data.UNKNOWN_CARDINALITY


def _batch_bytes(dataset):
    """Bytes of a batch; 0 if its shape is not known."""
    specs = tf.nest.flatten(dataset.element_spec)
    if not all(isinstance(s, tf.TensorSpec) and s.shape.is_fully_defined() for s in specs):
        return 0
    return sum(spec.shape.num_elements() * spec.dtype.size for spec in specs)


def chunk_function(step, logs):
    """A function of an iterator over `chunked` data: each call is one program of XLA.

    What `step` does with a batch, it does to variables; `logs` returns a dict of tensors, after the
    last step of a chunk.
    """

    @tf.function(jit_compile=True, autograph=False)
    def run(count, batches):
        def body(i):
            step(tf.nest.map_structure(lambda batch: batch[i], batches))
            return i + 1

        tf.while_loop(lambda i: i < count, body, (0,), parallel_iterations=1)
        return logs()

    return lambda iterator: run(*next(iterator))


def counted_function(step, logs, *, jit_compile, eager):
    """A function of an iterator and a count, which takes so many steps, or fewer if data run out.

    It returns the number of steps taken, and the logs; `step` and `logs` are as in
    `chunk_function`. XLA compiles a step with `jit_compile`, TensorFlow nothing if `eager`.
    """
    if jit_compile:
        step = tf.function(step, jit_compile=True, reduce_retracing=True, autograph=False)

    def run(iterator, count):
        def body(i, _):
            batch = iterator.get_next_as_optional()
            more = batch.has_value()
            return i + tf.cond(more, lambda: _one(step(batch.get_value())), lambda: 0), more

        start = tf.constant(0), tf.constant(True)
        taken, _ = tf.while_loop(
            lambda i, more: more & (i < count), body, start, parallel_iterations=1
        )
        return taken, logs()

    return run if eager else tf.function(run, reduce_retracing=True, autograph=False)


def _one(_):
    return tf.constant(1)


class Steps:
    """The steps of each pass over the data, dealt out in calls.

    A `total` of `None` goes on until the data run out.
    """

    def __init__(self, total=None):
        self._total = self._left = total

    def take(self, function, iterator, most):
        """Calls a `counted_function` for up to `most` steps; returns its logs."""
        count = most if self._left is None else min(self._left, most)
        taken, logs = function(iterator, tf.constant(count))
        if not taken:
            raise StopIteration
        if self._left is not None:
            self._left = self._left - int(taken) or self._total
        return logs


class TrainingLoop:
    """How the steps of a `VABC`'s training and testing are joined."""

    def __init__(self, model):
        self._model = model
        self._chunked = False
        self._training = self._testing = Steps()

    @contextlib.contextmanager
    def fitting(self, x, arguments):
        """Gets ready for a `fit`, whose epochs have the same steps in calls of any number of them.

        A data set that is read once in each epoch gets one iterator for all of them, and a stream
        without end keeps the one it has. Where other data have `steps_per_epoch`, each call takes
        one step, since Keras tells by the number of calls when they will run out.

        `arguments` are further ones of `fit`; yields `(x, arguments)` for the `fit` of Keras.
        """
        model, size = self._model, known_size(x)
        steps_per_execution = model.steps_per_execution
        given = arguments.get("steps_per_epoch")
        steps = _least(given or size, keras.config.max_steps_per_epoch())
        endless = _cardinality(x) == tf.data.INFINITE_CARDINALITY
        joined = steps is not None and (steps == size or endless) and self._joins()
        self._training = Steps(steps if joined else None)
        self._chunked = False
        if joined and steps == size:
            chunks = chunked(x, steps_per_execution) if model.jit_compile else None
            self._chunked = chunks is not None
            x = repeated(x) if chunks is None else chunks
            arguments = {**arguments, "steps_per_epoch": steps}
        elif not joined and steps not in (None, size):
            self._set_steps_per_execution(1)
        try:
            yield x, self._with_repeated_validation(arguments)
        finally:
            self._set_steps_per_execution(steps_per_execution)

    def _set_steps_per_execution(self, number):
        """A function that Keras made for another number is dropped."""
        if number != self._model.steps_per_execution:
            self._model.steps_per_execution = number
            self._model.train_function = None

    def _with_repeated_validation(self, arguments):
        """Spares the second iterator that Keras makes where a data set ends."""
        data = arguments.get("validation_data")
        size = known_size(data)
        if size is None or arguments.get("validation_steps") is not None or not self._joins():
            return arguments
        return {**arguments, "validation_data": repeated(data), "validation_steps": size}

    def start_test(self, x, steps):
        """Gets ready for an evaluation; `x` and `steps` are as in `evaluate`."""
        self._testing = Steps(_least(steps or known_size(x), keras.config.max_steps_per_epoch()))

    def train_function(self, single):
        """The `train_function` of Keras: of an iterator, for up to `steps_per_execution` steps.

        `single` is Keras' own, for a distribution strategy, and what is no `tf.data.Iterator`.
        """
        model = self._model
        chunk = chunk_function(model.train_step, model.logs)
        counted = counted_function(
            model.train_step, model.logs, jit_compile=model.jit_compile, eager=model.run_eagerly
        )

        def joined(iterator):
            if self._chunked:
                return chunk(iterator)
            return self._training.take(counted, iterator, model.steps_per_execution)

        return self._serving(joined, single)

    def test_function(self, single):
        """The `test_function` of Keras, as `train_function`, but without XLA.

        A smaller last batch would be another program.
        """
        model = self._model
        counted = counted_function(
            model.test_step, model.get_metrics_result, jit_compile=False, eager=model.run_eagerly
        )

        def joined(iterator):
            return self._testing.take(counted, iterator, model.steps_per_execution)

        return self._serving(joined, single)

    def _serving(self, joined, single):
        def function(iterator):
            serves = isinstance(iterator, tf.data.Iterator) and self._joins()
            return (joined if serves else single)(iterator)

        return function

    def _joins(self):
        with self._model.distribute_strategy.scope():
            return not tf.distribute.has_strategy()


def _least(*numbers):
    """The smallest of the numbers that are not `None`; `None` if there is none."""
    return min((number for number in numbers if number is not None), default=None)
