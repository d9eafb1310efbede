"""A run as a folder to deploy."""

from pathlib import Path

from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.files.outputs import check_free, new_output
from keras_vabc.pages.model_card import model_card
from keras_vabc.recipes.outputs import provenance
from keras_vabc.recipes.record import FILES

CARD = "MODEL_CARD.md"
EXPORT = "export"  # the kind of output
FORMATS = {"savedmodel": "tf_saved_model", "onnx": "onnx", "litert": "litert"}
VERSION = "1"  # TensorFlow Serving loads the subfolder of the highest number
FOLDERS = {"savedmodel": VERSION, "onnx": "onnx", "litert": "litert"}


def export(run, out, format):
    """What `Run.export` does."""
    if format not in FORMATS:
        raise ValueError(
            f"format must be one of {', '.join(FORMATS)}. Received: format={format!r}."
        )
    check_keras_settings()
    out = Path(out)
    _check_name(out)
    with new_output(out, EXPORT, folder=True) as output:
        made = output.path
        run.sampler.export(
            made / FOLDERS[format],
            FORMATS[format],
            score=run.nu,
            threshold=run.threshold,
            verbose=False,
        )
        if run.columns is not None:
            (made / FILES["columns"]).write_text(run.columns.to_json(), encoding="utf-8")
        output.manifest |= {"format": format} | provenance(run)
        card = model_card(run, format, FOLDERS[format], output.manifest["sha256"])
        (made / CARD).write_text(card, encoding="utf-8")
    return out / FOLDERS[format]


def check_export_place(out):
    """Refuses a place for an export before anything slow is done, as `Run.export` does."""
    _check_name(out)
    check_free(out, EXPORT, folder=True)


def _check_name(out):
    try:
        str(out).encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"out must be a path that is UTF-8, as TensorFlow has them. Received: out={out}."
        ) from None
