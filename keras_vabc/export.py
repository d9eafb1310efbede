"""SavedModels that run without this package."""

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.blocks import BLOCK_ROWS, draw_normal
from keras_vabc.runs import new_folder

CHECKED_ROWS = 64


def export_saved_model(model, filepath, *, decode, score, input_signature=None, verbose=None):
    """Writes a SavedModel with the endpoints `decode`, `sample` and `score`.

    It is written to a temporary folder beside `filepath`, loaded again and compared with the model,
    and only then takes its name. `decode` is also `serving_default`.

    Args:
        model: `VABC`; its methods `decode`, `sample` and `score` are what is reproduced.
        filepath: The folder to make; must not exist, or be empty.
        decode: Maps latents, a tensor of shape `(n, latent_dim)`, to data on their own scale.
        score: Maps data on their own scale to a tensor of shape `(n,)`.
        input_signature: `None` for float32 data, or a list of one spec of the data.
        verbose: Whether to print what was written, once it is there; `None` means yes.

    Raises:
        ValueError: If `input_signature` is not one spec of the model's data.
        FileExistsError: If `filepath` is a file, or a folder that is not empty.
        OSError: If it cannot be made there.
        RuntimeError: If what was written does not reproduce the model.
    """
    latent_dim = model.latent_dim
    scalar = tf.TensorSpec((), "int64")
    archive = keras.export.ExportArchive()
    archive.add_endpoint("decode", decode, [tf.TensorSpec((None, latent_dim), "float32")])
    archive.add_endpoint(
        "sample", _sampler(decode, latent_dim, model.decoder.output_shape), [scalar, scalar]
    )
    data_spec = _data_spec(model.encoder.input_shape, input_signature)
    archive.add_endpoint("score", score, [data_spec])
    with new_folder(filepath, "filepath") as folder:
        archive.write_out(str(folder), verbose=False)
        _check(tf.saved_model.load(str(folder)), model, data_spec)
    if verbose is None or verbose:
        print(f"Saved artifact at '{filepath}': decode(z), sample(n, seed), score(x).")


def _sampler(decode, latent_dim, output_shape):
    """`sample(n, seed)` as a graph: the very blocks that `draw_normal` and `Blockwise` make."""

    def sample(n, seed):
        tf.debugging.assert_non_negative(n, message="n must be >= 0.")
        blocks = tf.maximum(-(-n // BLOCK_ROWS), 1)  # an empty block gives n = 0 its shape

        def add_block(block, parts):
            noise = tf.random.stateless_normal((BLOCK_ROWS, latent_dim), tf.stack([seed, block]))
            rows = decode(noise[: n - block * BLOCK_ROWS])
            return block + 1, parts.write(tf.cast(block, "int32"), rows)

        parts = tf.TensorArray(
            "float32", tf.cast(blocks, "int32"), infer_shape=False, element_shape=output_shape
        )
        _, parts = tf.while_loop(
            lambda block, _: block < blocks,
            add_block,
            (tf.constant(0, "int64"), parts),
            parallel_iterations=1,  # one block in memory at a time
        )
        return parts.concat()

    return sample


def _data_spec(input_shape, input_signature):
    """`tf.TensorSpec` of the data that `score` takes."""
    if input_signature is None:
        return tf.TensorSpec(input_shape, "float32")
    specs = keras.tree.flatten(input_signature)
    if len(specs) != 1 or not tf.TensorShape(input_shape).is_compatible_with(specs[0].shape):
        raise ValueError(
            f"input_signature must hold one spec, of data of shape {input_shape}. "
            f"Received: input_signature={input_signature}."
        )
    return tf.TensorSpec(specs[0].shape, specs[0].dtype or "float32")


def _check(loaded, model, data_spec):
    """Raises a `RuntimeError` if a loaded SavedModel gives anything else than the model."""
    rows = data_spec.shape[0] or CHECKED_ROWS
    latents = draw_normal(rows, model.latent_dim, seed=0)
    decoded = model.decode(latents)
    low, high = decoded.min(), decoded.max()
    # Noise over the range of the data: its errors are large, so that a relative bound is fair.
    data = np.random.default_rng(0).uniform(low, high, decoded.shape)
    data = tf.saturate_cast(data, data_spec.dtype).numpy()
    many = BLOCK_ROWS + 1

    _compare("decode", loaded.decode(latents), decoded, rtol=1e-6, atol=1e-5 * (high - low))
    _compare("score", loaded.score(data), model.score(data), rtol=1e-4)
    _compare("sample", loaded.sample(many, 0), model.sample(many, seed=0), rtol=0)


def _compare(endpoint, actual, expected, rtol, atol=0.0):
    actual = actual.numpy()
    if actual.shape == expected.shape and np.allclose(actual, expected, rtol, atol):
        return
    raise RuntimeError(
        f"The exported {endpoint} must give what model.{endpoint} gives, within rtol={rtol:g} and "
        f"atol={atol:g}. Received: {_difference(actual, expected)}. Nothing was kept."
    )


def _difference(actual, expected):
    if actual.shape != expected.shape:
        return f"shape {actual.shape} for {expected.shape}"
    return f"a difference of up to {np.abs(actual - expected).max():g}"
