"""SavedModels that run without this package."""

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.blocks import BLOCK_ROWS, draw_normal, normal_block
from keras_vabc.runs import new_folder

CHECKED_ROWS = 64


def export_saved_model(
    model, filepath, *, sample=None, sample_block=None, input_signature=None, verbose=None
):
    """Writes a SavedModel with the endpoints `decode`, `sample` and `score`.

    It is written to a temporary folder beside `filepath`, loaded again and compared with the model,
    and only then takes its name. `decode` is also `serving_default`.

    Args:
        model: `VABC`; its methods `decode` and `score` are what is reproduced.
        filepath: The folder to make; must not exist, or be empty.
        sample: `sample(n, seed=seed)`, what the endpoint reproduces; by default the model's own.
        sample_block: The same as a graph, block by block: `sample_block(seed, block, kept, n)`
            gives the samples of block number `block`, at most `n - kept` of them, where `kept` is
            the number that the blocks before it gave. All are int64 tensors. The endpoint joins
            blocks until it has `n` samples. By default the model's draws from N(0, I).
        input_signature: `None` for float32 data, or a list of one spec of the data.
        verbose: Whether to print what was written, once it is there; `None` means yes.

    Raises:
        ValueError: If `input_signature` is not one spec of the model's data.
        FileExistsError: If `filepath` is a file, or a folder that is not empty.
        OSError: If it cannot be made there.
        RuntimeError: If what was written does not reproduce the model.
    """
    sample = sample or model.sample
    sample_block = sample_block or _prior_block(model)
    scalar = tf.TensorSpec((), "int64")
    latents_spec = tf.TensorSpec((None, model.latent_dim), "float32")
    data_spec = _data_spec(model.encoder.input_shape, input_signature)
    archive = keras.export.ExportArchive()
    archive.add_endpoint("decode", model.decode_batch, [latents_spec])
    archive.add_endpoint(
        "sample", _joined(sample_block, model.decoder.output_shape), [scalar, scalar]
    )
    archive.add_endpoint("score", model.score_batch, [data_spec])
    with new_folder(filepath, "filepath") as folder:
        archive.write_out(str(folder), verbose=False)
        _check(tf.saved_model.load(str(folder)), model, sample, data_spec)
    if verbose is None or verbose:
        print(f"Saved artifact at '{filepath}': decode(z), sample(n, seed), score(x).")


def _prior_block(model):
    """`sample_block` of `model.sample`: the very blocks that `draw_normal` and `decode` make."""

    def sample_block(seed, block, kept, n):
        return model.decode_batch(normal_block(seed, block, model.latent_dim)[: n - kept])

    return sample_block


def _joined(sample_block, output_shape):
    """`sample(n, seed)` as a graph: blocks, until there are `n` samples."""

    def sample(n, seed):
        tf.debugging.assert_non_negative(n, message="n must be >= 0.")

        def add_block(block, kept, parts):
            rows = sample_block(seed, block, kept, n)
            kept += tf.shape(rows, out_type="int64")[0]
            return block + 1, kept, parts.write(tf.cast(block, "int32"), rows)

        none = tf.constant(0, "int64")
        parts = tf.TensorArray(
            "float32", 0, dynamic_size=True, infer_shape=False, element_shape=output_shape
        )
        _, _, parts = tf.while_loop(
            lambda block, kept, _: (block == 0) | (kept < n),  # block 0 gives n = 0 its shape
            add_block,
            (none, none, parts),
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


def _check(loaded, model, sample, data_spec):
    """Raises a `RuntimeError` if a SavedModel gives anything else than `model` and `sample`."""
    rows = data_spec.shape[0] or CHECKED_ROWS
    latents = draw_normal(rows, model.latent_dim, seed=0)
    decoded = model.decode(latents)
    low, high = decoded.min(), decoded.max()
    # Noise over the range of the data: its errors are large, so that a relative bound is fair.
    data = np.random.default_rng(0).uniform(low, high, decoded.shape)
    data = tf.saturate_cast(data, data_spec.dtype).numpy()
    many = BLOCK_ROWS + 1
    samples = sample(many, seed=0)

    _compare("decode", loaded.decode(latents), decoded, rtol=1e-6, atol=1e-5 * (high - low))
    _compare("score", loaded.score(data), model.score(data), rtol=1e-4)
    _compare("sample", loaded.sample(many, 0), samples, rtol=0)


def _compare(endpoint, actual, expected, rtol, atol=0.0):
    actual = actual.numpy()
    if actual.shape == expected.shape and np.allclose(actual, expected, rtol, atol):
        return
    raise RuntimeError(
        f"The exported {endpoint} must give what {endpoint} gave before, within rtol={rtol:g} and "
        f"atol={atol:g}. Received: {_difference(actual, expected)}. Nothing was kept."
    )


def _difference(actual, expected):
    if actual.shape != expected.shape:
        return f"shape {actual.shape} for {expected.shape}"
    return f"a difference of up to {np.abs(actual - expected).max():g}"
