"""What a trained VABC is for: encoding, decoding, samples, scores, export. Methods of `VABC`."""

# ruff: noqa: D417 - `model` is the `self` of these methods

from keras import ops

from keras_vabc.data.blocks import Blockwise, draw_normal
from keras_vabc.data.checks import check_not_negative, check_rows
from keras_vabc.export.formats import export_parts
from keras_vabc.export.parts import model_parts
from keras_vabc.vabc.layers import affine_of
from keras_vabc.vabc.losses import reconstruction_error
from keras_vabc.vabc.names import numbers_of


class Blocks:
    """The networks of a `VABC` over any number of rows, block by block.

    Args:
        model: `VABC`.
    """

    def __init__(self, model):
        def encode(x):
            out = model(x)
            return out["z_mean"], out["z_log_var"]

        self.encode = Blockwise(encode)
        self.decode = Blockwise(model.decode_batch)
        self.reconstruct = Blockwise(lambda x: model.decode_batch(encode(x)[0]))
        self.score = Blockwise(model.score_batch)


def encode(model, x):
    """Posterior of each example.

    Args:
        x: Data on their own scale, shape `(n, ...)`.

    Returns:
        `(z_mean, z_log_var)`, float32 arrays of shape `(n, latent_dim)`.
    """
    return model.blocks.encode(_rows(model, x))


def decode(model, z):
    """The decoder's mean, on the data's own scale.

    Args:
        z: Latents, shape `(n, latent_dim)`.

    Returns:
        Float32 array of shape `(n, ...)`.
    """
    return model.blocks.decode(check_rows("z", z, (model.latent_dim,)))


def reconstruct(model, x):
    """Decodes the posterior mean of each example; shape and scale are those of `x`."""
    return model.blocks.reconstruct(_rows(model, x))


def sample(model, n, seed=None):
    """Generates new data: the decoder's mean at latents drawn from N(0, I).

    Args:
        n: Number of samples.
        seed: Integer or `None`. The first `m` samples of one seed are the same for every `n >= m`.

    Returns:
        Float32 array of shape `(n, ...)`, on the data's own scale.

    Raises:
        ValueError: If `n` is negative.
    """
    check_not_negative(n=n)
    return model.decode(draw_normal(n, model.latent_dim, seed))


def score(model, x):
    """How unwanted each example is: its reconstruction error `R` at `z = z_mean`.

    Args:
        x: Data on their own scale, shape `(n, ...)`. A table, such as a DataFrame, if `fit` had
            one, or a `balanced_dataset` of them: its columns are found by their names.

    Returns:
        Float32 array of shape `(n,)`; higher is more unwanted. The same on every call.

    Raises:
        ValueError: If `x` has another shape than the training data or is not finite, or is a table
            and the training data were arrays, without names.
    """
    return model.blocks.score(_rows(model, x))


def decode_batch(model, z):
    """`decode` of a float32 tensor in one piece, unchecked, for use inside a `tf.function`."""
    scale, offset = affine_of(model.preprocessing)
    return (ops.cast(model.decoder(z), "float32") - offset) / scale


def score_batch(model, x):
    """`score` of a tensor in one piece, unchecked, for use inside a `tf.function`."""
    out = model(x)
    return reconstruction_error(out["target"], out["reconstruction"], model.variance.current)


def export(
    model,
    filepath,
    format="tf_saved_model",
    verbose=None,
    input_signature=None,
    *,
    threshold=None,
):
    """Writes a folder that runs without this package.

    A SavedModel needs TensorFlow alone. Its endpoints, which are its signatures too, take and
    give data on their own scale:

    - `decode(z)`, also `serving_default`: float32 latents `(n, latent_dim)` to data;
    - `sample(n, seed)`: two int64 scalars to the very images of `model.sample(n, seed)`;
    - `score(x)`: data to scores `(n,)`. Arrays and lists of any numeric dtype do; a
      `tf.Tensor` must have the dtype of the signature, float32 unless `input_signature` says
      otherwise;
    - `flag(x)`, where there is a threshold: whether each score exceeds it.

    ONNX and LiteRT need ONNX Runtime and `ai-edge-litert`. They get a file each for `decode`
    and `score`, with `flag` beside the score, and `density.json`, which says how to draw `z`.

    What was written is loaded again, by the runtime of its format, and compared with the model
    before it takes its name. Unlike Keras', this `export` never writes into a folder that holds
    something.

    Args:
        filepath: The folder to make; must not exist, or be empty.
        format: `"tf_saved_model"`, `"onnx"` or `"litert"`.
        verbose: Whether to print what was written; `None` means yes, as in Keras.
        input_signature: `None`, or a list of one spec of `x` in `score`, such as
            `[keras.InputSpec((None, 28, 28, 1), "uint8")]`.
        threshold: `None`, or the score above which `flag` is true.

    Raises:
        ImportError: If the packages of the format are not installed; it names the extra.
        ValueError: For another format, a threshold that is not finite, or a spec that does not
            fit the data.
        FileExistsError: If `filepath` is a file, or a folder that is not empty.
        OSError: If it cannot be made there.
        RuntimeError: If what was written does not reproduce the model; nothing is kept then.

    Example:
        >>> model.export("decoder")
        >>> loaded = tf.saved_model.load("decoder")  # elsewhere
        >>> images = loaded.sample(16, 0)
    """
    export_parts(
        model_parts(model, threshold),
        filepath,
        format,
        input_signature=input_signature,
        verbose=verbose,
    )


def _rows(model, x):
    return check_rows("x", numbers_of(model, x), model.encoder.input_shape[1:])
