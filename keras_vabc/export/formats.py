"""The formats of an export, under the names that Keras gives them."""

import math

from keras_vabc.export.portable import export_portable
from keras_vabc.export.saved_model import export_saved_model

FORMATS = ("tf_saved_model", "onnx", "litert")


def export_parts(parts, filepath, format, *, input_signature=None, verbose=None):
    """Writes `parts` to a new folder; nothing is kept unless it reproduces the model.

    Arguments and errors are those of `VABC.export`.
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
