"""A run as a folder to deploy."""

from pathlib import Path

from keras_vabc.files.writing import new_folder
from keras_vabc.pages.model_card import model_card
from keras_vabc.recipes.outputs import provenance

CARD = "MODEL_CARD.md"
FORMATS = {"savedmodel": "tf_saved_model", "onnx": "onnx", "litert": "litert"}
VERSION = "1"  # TensorFlow Serving loads the subfolder of the highest number
FOLDERS = {"savedmodel": VERSION, "onnx": "onnx", "litert": "litert"}


def export(run, out, format):
    """What `Run.export` does."""
    if format not in FORMATS:
        raise ValueError(
            f"format must be one of {', '.join(FORMATS)}. Received: format={format!r}."
        )
    out = Path(out)
    with new_folder(out) as made:
        run.sampler.export(
            made / FOLDERS[format],
            FORMATS[format],
            score=run.nu,
            threshold=run.threshold,
            verbose=False,
        )
        card = model_card(run, format, FOLDERS[format], provenance(run)["sha256"])
        (made / CARD).write_text(card, encoding="utf-8")
    return out / FOLDERS[format]
