"""Samples drawn block by block, less those that a guard rejects."""

import itertools
import random

import tensorflow as tf

from keras_vabc.data.blocks import BLOCK_ROWS


class Draws:
    """The samples of a model from a density of latents, past a `Limit` or none.

    They come as arrays and as a graph.
    """

    def __init__(self, model, density, guard, max_tries, finish):
        self._model, self._density, self._guard = model, density, guard
        self._max_tries, self._finish = max_tries, finish
        scalar = tf.TensorSpec((), "int64")
        self._draw = tf.function(self._draw_block, [scalar] * 3, autograph=False)

    def accepted(self, n, seed):
        """Yields the accepted samples of each block, and the number drawn up to the last one."""
        seed = random.randrange(2**31) if seed is None else seed
        kept = 0
        for block in itertools.count():
            if kept >= n:
                return
            rows, positions = self._draw(seed, block, n - kept)
            kept += len(rows)
            drawn = (block + 1) * BLOCK_ROWS
            if not self._enough(kept, n, drawn):
                raise RuntimeError(
                    f"{self._rule()} Received: {kept} of {drawn} samples accepted, "
                    f"{100 * kept / drawn:.2g} %."
                )
            if len(rows):
                yield rows.numpy(), block * BLOCK_ROWS + int(positions[-1]) + 1

    def sample_block(self, seed, block, kept, n):
        """The samples of one block as `Parts` takes them, with the same rule."""
        rows, _ = self._draw_block(seed, block, n - kept)
        if self._guard is None:
            return rows
        kept += tf.shape(rows, out_type="int64")[0]
        drawn = (block + 1) * BLOCK_ROWS
        received = [self._rule(), "Samples accepted and drawn:", kept, drawn]
        tf.debugging.Assert(self._enough(kept, n, drawn), received)
        return rows

    def described(self):
        """How to draw a sample, in words and numbers that JSON can hold."""
        described = self._density.described()
        if self._guard is not None:
            described["recipe"].append("Draw again where guard of the sample exceeds guard_limit.")
            described["guard_limit"] = float(self._guard.limit)
        return described

    def _draw_block(self, seed, block, missing):
        """Up to `missing` accepted samples of one block, and their positions in it."""
        z = self._density.latents(seed, block)
        if self._guard is None:
            z = z[:missing]
            return self._decode(z), tf.range(tf.shape(z)[0])
        # Always the whole block: another number of rows could round to another decision.
        samples = self._decode(z)
        accepted = tf.reshape(self._guard.accepts(samples), (BLOCK_ROWS,))
        positions = tf.where(accepted)[:missing, 0]
        return tf.gather(samples, positions), positions

    def _decode(self, z):
        return self._finish(self._model.decode_batch(z))

    def _enough(self, kept, n, drawn):
        return (kept >= n) | (drawn <= self._max_tries * (kept + 1))

    def _rule(self):
        limit = f"{self._guard.limit_name}={self._guard.limit:g}"
        return f"guard must accept one in max_tries={self._max_tries} samples at {limit}."
