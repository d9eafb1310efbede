"""SavedModels: TensorFlow's own format, which holds everything, sampling included."""

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.data.blocks import BLOCK_ROWS
from keras_vabc.export.parts import (
    checked_inputs,
    compare,
    compare_decoded,
    data_spec,
    write_archive,
)
from keras_vabc.files.writing import new_folder


def export_saved_model(parts, filepath, input_signature=None):
    """Writes a SavedModel with the endpoints `decode`, `sample`, `score` and perhaps `flag`.

    It is written to a temporary folder beside `filepath`, loaded again and compared with the model,
    and only then takes its name. `decode` is also `serving_default`; there is a `flag` if the parts
    have a threshold. Errors are those of `VABC.export`. Returns the endpoints, as they are called.
    """
    model, scalar = parts.model, tf.TensorSpec((), "int64")
    latents_spec = tf.TensorSpec((None, model.latent_dim), "float32")
    x_spec = data_spec(model, input_signature)
    archive = keras.export.ExportArchive()
    archive.add_endpoint("decode", parts.decode_batch, [latents_spec])
    sample = _joined(parts.sample_block, model.decoder.output_shape)
    archive.add_endpoint("sample", sample, [scalar, scalar])
    archive.add_endpoint("score", parts.score_batch, [x_spec])
    if parts.threshold is not None:
        archive.add_endpoint("flag", lambda x: parts.flags(parts.score_batch(x)), [x_spec])
    with new_folder(filepath, "filepath") as folder:
        write_archive(archive, folder)
        _check(tf.saved_model.load(str(folder)), parts, x_spec)
    flag = [] if parts.threshold is None else ["flag(x)"]
    return ["decode(z)", "sample(n, seed)", "score(x)", *flag]


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


def _check(loaded, parts, x_spec):
    """Raises a `RuntimeError` if a SavedModel gives anything else than `parts`."""
    latents, decoded, data = checked_inputs(parts, x_spec)
    many = BLOCK_ROWS + 1
    samples, scores = parts.sample(many, seed=0), loaded.score(data).numpy()
    compare_decoded(loaded.decode(latents).numpy(), decoded, parts.finish)
    compare("score", scores, parts.score(data), rtol=1e-4, jumps=parts.jumps)
    compare("sample", loaded.sample(many, 0).numpy(), samples, rtol=0)
    if parts.threshold is not None:
        flagged = scores > np.float32(parts.threshold)
        compare("flag", loaded.flag(data).numpy().astype(int), flagged.astype(int), rtol=0)
