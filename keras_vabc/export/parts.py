"""What an export consists of, whatever its format."""

import dataclasses
import errno
import os
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.data.blocks import draw_normal, normal_block
from keras_vabc.files.scratch import scratch_in

CHECKED_ROWS = 64
JUMPING, JUMP = 0.1, 0.1  # share of rows whose score may jump, and how far
WRITING = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)


@dataclasses.dataclass(frozen=True)
class Parts:
    """The functions that an export reproduces.

    Attributes:
        model: `VABC`; its `decode` and `decode_batch` are exported.
        sample: `sample(n, seed=seed)` gives an array of samples.
        sample_block: The same as a graph, block by block: `sample_block(seed, block, kept, n)`
            gives the samples of block number `block`, at most `n - kept` of them, where `kept` is
            the number that the blocks before it gave. All are int64 tensors.
        density: Dict of what JSON can hold: how to draw latents where there is no `sample`.
        score: Maps an array of data to scores `(n,)`.
        score_batch: The same of a tensor.
        threshold: The score above which data are flagged, or `None`.
        guard_batch: `None`, or what maps a tensor of data to numbers `(n,)`; samples whose number
            exceeds a limit, which `density` names, are not shown.
        finish: What decoded rows get last, of a tensor and a tensor again; it never decreases.
        jumps: Whether score or guard is of trees, where a rounding error can lead to another leaf.
    """

    model: object
    sample: Callable
    sample_block: Callable
    density: dict
    score: Callable
    score_batch: Callable
    threshold: float | None = None
    guard_batch: Callable | None = None
    finish: Callable = tf.identity
    jumps: bool = False

    def decode_batch(self, z):
        """Finished rows of a tensor of latents."""
        return self.finish(self.model.decode_batch(z))

    def flags(self, scores):
        """Which scores of a tensor exceed the threshold."""
        return scores > tf.constant(self.threshold, "float32")


def model_parts(model, threshold=None):
    """The `Parts` of a `VABC` alone, with the very draws from N(0, I) of `model.sample`."""

    def sample_block(seed, block, kept, n):
        return model.decode_batch(normal_block(seed, block, model.latent_dim)[: n - kept])

    return Parts(
        model,
        model.sample,
        sample_block,
        {"recipe": prior_recipe(), "latent_dim": model.latent_dim},
        model.score,
        model.score_batch,
        threshold,
    )


def prior_recipe():
    """How to draw a sample from N(0, I), in words."""
    return ["Draw z from N(0, I), latent_dim numbers.", "The sample is decode(z)."]


def data_spec(model, input_signature=None):
    """`tf.TensorSpec` of the data that the endpoint `score` takes.

    `None` stands for float32; what is no list of one spec of the model's data is a `ValueError`.
    """
    shape = model.encoder.input_shape
    if input_signature is None:
        return tf.TensorSpec(shape, "float32")
    specs = keras.tree.flatten(input_signature)
    if len(specs) != 1 or not tf.TensorShape(shape).is_compatible_with(specs[0].shape):
        raise ValueError(
            f"input_signature must hold one spec, of data of shape {shape}. "
            f"Received: input_signature={input_signature}."
        )
    return tf.TensorSpec(specs[0].shape, specs[0].dtype or "float32")


def checked_inputs(parts, spec):
    """`(latents, decoded, data)` on which an export is compared with its model.

    These are latents, what the model decodes from them before it is finished, and noise over the
    range of what it shows: of all pixels, or of each column, since far outside of its range a
    constant one leaves nothing of a score but rounding errors. The errors of noise are large, so
    that a relative bound is fair.
    """
    latents = draw_normal(spec.shape[0] or CHECKED_ROWS, parts.model.latent_dim, seed=0)
    decoded = parts.model.decode(latents)
    shown = parts.finish(decoded).numpy()
    axis = 0 if shown.ndim == 2 else None
    data = np.random.default_rng(0).uniform(shown.min(axis), shown.max(axis), shown.shape)
    return latents, decoded, tf.saturate_cast(data, spec.dtype).numpy()


def compare_decoded(actual, decoded, finish=tf.identity):
    """Like `compare` of what `decode` gave: finished rows within 1e-5 of the range of the data.

    Where they are rounded, they are that of a number within this bound.
    """
    bound = 1e-6 * np.abs(decoded) + 1e-5 * (decoded.max() - decoded.min())
    low, high = (finish(decoded + sign * bound).numpy() for sign in (-1, 1))
    nearest = np.clip(actual, low, high) if actual.shape == decoded.shape else decoded
    compare("decode", actual, finish(nearest).numpy(), rtol=1e-6)


def write_archive(archive, folder):
    """Writes an `ExportArchive` into a folder in a temporary one.

    What keeps TensorFlow from it is an `OSError`, as of Python.
    """
    try:
        with scratch_in(folder.parent):
            archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        for number in WRITING:
            if os.strerror(number) in error.message:
                raise OSError(number, os.strerror(number)) from None
        raise


def compare(endpoint, actual, expected, rtol, atol=0.0, jumps=False):
    """Raises a `RuntimeError` if what an exported endpoint gives is not what the model gives.

    If it `jumps`, one row in ten may be off by up to 0.1: where a number is on the edge of two
    leaves of a tree, its last bit decides.
    """
    if actual.shape == expected.shape:
        off = ~np.isclose(actual, expected, rtol, atol)
        few = jumps and off.mean() <= JUMPING and np.abs(actual - expected).max() <= JUMP
        if few or not off.any():
            return
    difference = f"shape {actual.shape} for {expected.shape}"
    if actual.shape == expected.shape:
        difference = f"a difference of up to {np.abs(actual - expected).max():g}"
    raise RuntimeError(
        f"The exported {endpoint} must give what {endpoint} gave before, within rtol={rtol:g} and "
        f"atol={atol:g}. Received: {difference}. Nothing was kept."
    )
