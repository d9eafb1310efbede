"""Running a network over any number of rows, in blocks of bounded memory."""

import random

import numpy as np
import tensorflow as tf

BLOCK_ROWS = 1024


class Blockwise:
    """A function of a batch, compiled once and applied to arrays of any length block by block.

    It maps a tensor of shape `(rows, ...)` to a tensor, or a tuple of them, whose first axis is
    `rows` too; called with an array of shape `(n, ...)` the result is of NumPy arrays. For `n = 0`
    the function sees one row of zeros, since some kernels refuse an empty batch.
    """

    def __init__(self, function):
        self._function = tf.function(function, autograph=False)

    def __call__(self, rows):
        """Applies the function to each block and joins the results."""
        rows = np.asarray(rows)
        any_rows = rows if len(rows) else np.zeros((1, *rows.shape[1:]), rows.dtype)
        spec = tf.TensorSpec((None, *rows.shape[1:]), rows.dtype)
        function = self._function.get_concrete_function(spec)
        results = None
        for start in range(0, len(any_rows), BLOCK_ROWS):
            block = function(tf.constant(any_rows[start : start + BLOCK_ROWS]))
            if results is None:  # one array each, so that no block stays in memory
                results = tf.nest.map_structure(lambda part: _empty(part, len(rows)), block)
            end = min(start + BLOCK_ROWS, len(rows))
            for result, part in zip(*map(tf.nest.flatten, (results, block)), strict=True):
                result[start:end] = part.numpy()[: end - start]
        return results


def _empty(part, count):
    return np.empty((count, *part.shape[1:]), part.dtype.as_numpy_dtype)


def draw_normal(n, size, seed=None):
    """Draws from the standard normal distribution, float32 of shape `(n, size)`.

    The first `m` rows of one seed are the same for every `n >= m`, since each block of rows has a
    seed of its own. `None` takes a seed from Python's `random`.
    """
    seed = random.randrange(2**31) if seed is None else seed
    blocks = [normal_block(seed, block, size) for block in range(-(-n // BLOCK_ROWS))]
    return np.concatenate([np.zeros((0, size), "float32"), *blocks])[:n]


def normal_block(seed, block, size):
    """Block number `block` of `draw_normal`, as a tensor of shape `(BLOCK_ROWS, size)`."""
    return tf.random.stateless_normal((BLOCK_ROWS, size), (seed, block))
