"""`keras-vabc export`: a run as a folder to deploy."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import Overwrite, RunFolder

ExportFormat = StrEnum("ExportFormat", ("savedmodel", "onnx", "litert"))


def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="New folder for the model and its card.")],
    format: Annotated[
        ExportFormat, typer.Option(help="onnx and litert need the extra of that name.")
    ] = ExportFormat.savedmodel,
    overwrite: Overwrite = False,
):
    """Write a run as a model to deploy, with a model card.

    Density, guard, score and the stored threshold are inside. It is loaded again by the runtime of
    its format and compared with the run before it is there.

    Examples:
      keras-vabc export run --out model
      keras-vabc export run --format onnx --out model
    """
    from keras_vabc.pages.console import say
    from keras_vabc.recipes.export import CARD, check_export_place
    from keras_vabc.recipes.run import open_run
    from keras_vabc.recipes.starting import starting_tensorflow

    console, opened = Console(), open_run(run, "RUN")
    check_export_place(out, overwrite)
    with starting_tensorflow(console) as status:
        status.update("Writing the model, and comparing it with the run")
        model = opened.export(out, format.value, overwrite=overwrite)
    if opened.threshold is None:
        text = f"There is no flag: keras-vabc threshold {run} chooses the score that it needs."
        say(console, text)
    say(console, f"The model is in {model}; {out / CARD} says what it does.")
