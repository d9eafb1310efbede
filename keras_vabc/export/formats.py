"""The formats of an export, under the names that Keras gives them."""

import math

from keras_vabc.export.portable import export_portable
from keras_vabc.export.saved_model import export_saved_model

FORMATS = ("tf_saved_model", "onnx", "litert")


def export_parts(parts, filepath, format, *, input_signature=None, verbose=None):
    """Writes `parts` to a new folder; nothing is kept unless it reproduces the model.

    Args:
        parts: `Parts`.
        filepath: The folder to make; must not exist, or be empty.
        format: `"tf_saved_model"`, `"onnx"` or `"litert"`.
        input_signature: `None` for float32 data, or a list of one spec of the data.
        verbose: Whether to print what was written, once it is there; `None` means yes.

    Raises:
        ImportError: If the packages of the format are not installed.
        ValueError: If an argument breaks a rule above, or the threshold is not finite.
        FileExistsError: If `filepath` is a file, or a folder that is not empty.
        OSError: If it cannot be made there.
        RuntimeError: If what was written does not reproduce the model.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}. Received: format={format}.")
    if parts.threshold is not None and not math.isfinite(parts.threshold):
        raise ValueError(f"threshold must be finite. Received: threshold={parts.threshold}.")
    if format == "tf_saved_model":
        written = export_saved_model(parts, filepath, input_signature)
    else:
        written = export_portable(parts, filepath, format, input_signature)
    if verbose is None or verbose:
        print(f"Saved artifact at '{filepath}': {', '.join(written)}.")
