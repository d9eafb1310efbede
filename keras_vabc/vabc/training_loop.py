"""Many steps in one call of TensorFlow, and one iterator over a data set for all epochs.

Keras makes an iterator anew for each epoch, which takes longer than a whole epoch of a small data
set; and where its iterator goes on, its calls of several steps run past the end of an epoch.
"""

import math
from pathlib import Path

import tensorflow as tf

CPU_INFO = Path("/proc/cpuinfo")  # of Linux
XLA_WEIGHTS = 100_000  # for smaller networks XLA takes longer to compile than it saves
MOST_STEPS = 64
MOST_WEIGHTS = 2**24  # weights times steps in one call: about a second of work
MOST_BYTES = 2**25  # of data in one call


def default_steps(variables):
    """Steps in one call for networks with these variables: fewer for larger ones."""
    return max(1, min(MOST_STEPS, MOST_WEIGHTS // max(_weights(variables), 1)))


def xla_pays(variables):
    """Whether a training step is faster as a program of XLA than as one kernel after the other.

    On a CPU with AVX-512 oneDNN's matrix products are faster than XLA's, and without it slower; its
    convolutions are faster anywhere (see `benchmarks/`). On a GPU Keras itself decides.

    Args:
        variables: Those of the networks.
    """
    if tf.config.list_logical_devices("GPU") or not CPU_INFO.exists():
        return False
    dense = all(len(variable.shape) <= 2 for variable in variables)
    large = _weights(variables) >= XLA_WEIGHTS
    return dense and large and "avx512f" not in CPU_INFO.read_text()


def _weights(variables):
    return sum(math.prod(variable.shape) for variable in variables)


def known_size(dataset):
    """Number of elements of a `tf.data.Dataset`; `None` if it is not known, or not finite."""
    if not isinstance(dataset, tf.data.Dataset):
        return None
    size = int(dataset.cardinality())
    return size if size > 0 else None


def chunked(dataset, steps):
    """Chunks of batches, over and over; no chunk reaches from one epoch into the next.

    Args:
        dataset: `tf.data.Dataset` of batches.
        steps: Most batches in a chunk.

    Returns:
        Data set of pairs `(count, batches)`: how many batches, and a structure like that of one
        batch with one more axis of length `steps` in front, filled up with zeros. `None` where the
        size of the data set or of a batch is not known, or a chunk would be too much data.
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


def _batch_bytes(dataset):
    """Bytes of a batch; 0 if its shape is not known."""
    specs = tf.nest.flatten(dataset.element_spec)
    if not all(isinstance(s, tf.TensorSpec) and s.shape.is_fully_defined() for s in specs):
        return 0
    return sum(spec.shape.num_elements() * spec.dtype.size for spec in specs)


def chunk_function(step, logs):
    """A `train_function` of Keras for an iterator over `chunked` data: one program of XLA.

    Args:
        step: Takes one batch; what it does, it does to variables.
        logs: Returns a dict of tensors, after the last step of a chunk.
    """

    @tf.function(jit_compile=True, autograph=False)
    def run(count, batches):
        def body(i):
            step(tf.nest.map_structure(lambda batch: batch[i], batches))
            return i + 1

        tf.while_loop(lambda i: i < count, body, (0,), parallel_iterations=1)
        return logs()

    return lambda iterator: run(*next(iterator))


def counted_function(step, logs, steps, left, jit_compile):
    """A `train_function` or `test_function` of Keras that stops where a pass over the data ends.

    Args:
        step: As in `chunk_function`.
        logs: As in `chunk_function`.
        steps: Most steps in one call.
        left: Returns a scalar int64 tensor: how many steps are left of the pass.
        jit_compile: Whether XLA compiles a step.
    """
    if jit_compile:
        step = tf.function(step, jit_compile=True, reduce_retracing=True)

    @tf.function(reduce_retracing=True, autograph=False)
    def run(iterator):
        def body(i):
            step(iterator.get_next())
            return i + 1

        count = tf.minimum(left(), steps)
        tf.while_loop(lambda i: i < count, body, (tf.constant(0, "int64"),), parallel_iterations=1)
        return logs()

    return run


class Pace:
    """How the steps of a model's training and testing are joined.

    Args:
        model: `VABC`, with `train_step`, `test_step` and `logs()`.
        new_counter: Makes an integer variable of the model, given its name.

    Attributes:
        training: `"keras"` for Keras' own way, `"counted"` or `"chunked"`: see the functions above.
        testing: `"keras"` or `"counted"`.
        tested: Variable that counts the batches of an evaluation.
    """

    def __init__(self, model, new_counter):
        self._model = model
        self._epoch_steps, self._first_step = map(new_counter, ("epoch_steps", "first_step"))
        self._test_steps, self.tested = map(new_counter, ("test_steps", "test_batches"))
        self.training = self.testing = "keras"

    def start_fit(self, x, arguments):
        """Data and other arguments of `fit` such that one iterator serves all epochs, if it can.

        Args:
            x: As in `fit`.
            arguments: Dict of further arguments of `fit`.

        Returns:
            `(x, arguments)`.
        """
        steps = arguments.get("steps_per_epoch") or known_size(x)
        if steps is None or not self._joins_steps():
            self._set("training", "keras", "train_function")
            return x, arguments
        chunks = None
        if self._model.jit_compile and known_size(x) == steps:
            chunks = chunked(x, self._model.steps_per_execution)
        self._set("training", "counted" if chunks is None else "chunked", "train_function")
        self._epoch_steps.assign(steps)
        self._first_step.assign(self._model.optimizer.iterations)
        if chunks is not None:
            x = chunks
        elif known_size(x) is not None:
            x = repeated(x)
        arguments = {**arguments, "steps_per_epoch": steps}
        tested = arguments.get("validation_data")
        if known_size(tested) is not None and arguments.get("validation_steps") is None:
            arguments["validation_data"] = repeated(tested)
            arguments["validation_steps"] = known_size(tested)
        return x, arguments

    def start_test(self, x, steps):
        """Gets ready for an evaluation.

        Args:
            x: As in `evaluate`.
            steps: As in `evaluate`.

        Returns:
            Number of batches; `None` if it is not known.
        """
        steps = steps or known_size(x)
        counted = steps is not None and self._joins_steps()
        self._set("testing", "counted" if counted else "keras", "test_function")
        self._test_steps.assign(steps or 0)
        self.tested.assign(0)
        return steps

    def train_function(self):
        """The `train_function` of Keras for the data that `start_fit` gave."""
        model = self._model
        if self.training == "chunked":
            return chunk_function(model.train_step, model.logs)
        return counted_function(
            model.train_step,
            model.logs,
            model.steps_per_execution,
            self._steps_left,
            model.jit_compile,
        )

    def test_function(self):
        """The `test_function` of Keras; a smaller last batch would be another program of XLA."""
        model = self._model
        return counted_function(
            model.test_step,
            model.get_metrics_result,
            model.steps_per_execution,
            lambda: self._test_steps - self.tested,
            jit_compile=False,
        )

    def _steps_left(self):
        done = tf.convert_to_tensor(self._model.optimizer.iterations) - self._first_step
        return self._epoch_steps - done % self._epoch_steps

    def _joins_steps(self):
        with self._model.distribute_strategy.scope():
            return not (self._model.run_eagerly or tf.distribute.has_strategy())

    def _set(self, what, pace, function):
        """Sets a pace; a function that was made for another one is dropped."""
        if pace != getattr(self, what):
            setattr(self, what, pace)
            setattr(self._model, function, None)
