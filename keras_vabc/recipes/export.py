"""`keras-vabc export`: a run as a folder to deploy."""

from pathlib import Path

from keras_vabc.files.writing import new_folder
from keras_vabc.pages.console import say
from keras_vabc.pages.model_card import model_card
from keras_vabc.recipes.trained_run import finished_run

CARD = "MODEL_CARD.md"
FORMATS = {"savedmodel": "tf_saved_model", "onnx": "onnx", "litert": "litert"}
VERSION = "1"  # TensorFlow Serving loads the subfolder of the highest number
FOLDERS = {"savedmodel": VERSION, "onnx": "onnx", "litert": "litert"}


def export(folder, format, out, *, console):
    """Writes decoder, density, guard, score and threshold of a run, and a model card.

    `out` gets a folder of the model, `1` for a SavedModel, `onnx` or `litert` otherwise, and
    `MODEL_CARD.md`. For a SavedModel that is the layout of TensorFlow Serving.

    Args:
        folder: Folder of the run.
        format: `"savedmodel"`, `"onnx"` or `"litert"`.
        out: The folder to make; must not exist, or be empty.
        console: `rich.console.Console`.

    Raises:
        ImportError: If the packages of the format are not installed.
        ValueError: If it is no finished run.
        OSError: If `out` cannot be written.
        RuntimeError: If the guard rejects nearly everything, or the export does not reproduce the
            run.
    """
    out, trained = Path(out), finished_run(folder)
    with console.status("Starting TensorFlow") as status:
        from keras_vabc.recipes.workers import start_tensorflow

        start_tensorflow()
        status.update("Writing the model, and comparing it with the run")
        with new_folder(out) as made:
            trained.sampler.export(
                made / FOLDERS[format],
                FORMATS[format],
                score=trained.nu,
                threshold=trained.threshold,
                verbose=False,
            )
            card = model_card(trained, format, FOLDERS[format])
            (made / CARD).write_text(card, encoding="utf-8")
    if trained.threshold is None:
        text = f"There is no flag: keras-vabc threshold {folder} chooses the score that it needs."
        say(console, text)
    text = f"The model is in {out / FOLDERS[format]}; {out / CARD} says what it does."
    say(console, text)
