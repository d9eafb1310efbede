"""The commands of `keras-vabc` that use a finished run."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer()
console = Console()


class ExportFormat(StrEnum):
    """Formats of an exported run."""

    savedmodel = "savedmodel"
    onnx = "onnx"
    litert = "litert"


RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")]


@app.command()
def sample(
    run: RunFolder,
    out: Annotated[
        Path, typer.Option(help="New folder of PNGs; or .npz, .npy, .csv or .parquet file.")
    ],
    n: Annotated[int, typer.Option("-n", help="Number of samples.", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="Another one gives other samples.", min=0)] = 0,
):
    """Generate new data, in the scale of your own.

    Examples:
      keras-vabc sample run -n 1000 --out samples
      keras-vabc sample run -n 100000 --out samples.npz --seed 1
    """
    from keras_vabc.recipes.sample import sample as command

    command(run, n, out, seed=seed, console=console)


@app.command()
def score(
    run: RunFolder,
    input: Annotated[str, typer.Option(help="Data of the same kind as those of the run.")],
    out: Annotated[Path, typer.Option(help="CSV file to write; an earlier one is replaced.")],
):
    """Score data for review, the most unwanted first.

    Examples:
      keras-vabc score run --input new_photos/ --out scores.csv
    """
    from keras_vabc.recipes.score import score as command

    command(run, input, out, console=console)


@app.command()
def threshold(
    run: RunFolder,
    max_false_alarms: Annotated[
        float, typer.Option(help="Share of wanted data that may be flagged.", min=0, max=0.999)
    ] = 0.01,
):
    """Choose the score from which data are flagged, and store it with the run.

    Examples:
      keras-vabc threshold run --max-false-alarms 0.01
    """
    from keras_vabc.recipes.threshold import threshold as command

    command(run, max_false_alarms, console=console)


@app.command()
def evaluate(
    run: RunFolder,
    labels: Annotated[
        Path | None,
        typer.Option(help="Classes of the unlabeled data: CSV of id,label, or .npy of integers."),
    ] = None,
    negative_class: Annotated[
        str | None, typer.Option(help="The label of what must not be generated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of samples and judges.", min=0)] = 0,
):
    """Measure a run: what can be told without labels, or everything with them.

    Examples:
      keras-vabc evaluate run
      keras-vabc evaluate run --labels labels.csv --negative-class 8
    """
    from keras_vabc.recipes.evaluate import evaluate as command

    command(run, labels, negative_class, seed=seed, console=console)


@app.command()
def report(
    run: RunFolder,
    show_unwanted: Annotated[
        bool, typer.Option("--show-unwanted", help="Show unwanted examples too.")
    ] = False,
):
    """Write the page that shows a run: RUN/report.html.

    Examples:
      keras-vabc report run
    """
    from keras_vabc.recipes.report import report as command

    command(run, show_unwanted=show_unwanted, console=console)


@app.command()
def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="New folder for the model and its card.")],
    format: Annotated[
        ExportFormat, typer.Option(help="onnx and litert need the extra of that name.")
    ] = ExportFormat.savedmodel,
):
    """Write a run as a model to deploy, with a model card.

    Density, guard, score and the stored threshold are inside. It is loaded again by the runtime of
    its format and compared with the run before it is there.

    Examples:
      keras-vabc export run --out model
      keras-vabc export run --format onnx --out model
    """
    from keras_vabc.recipes.export import export as command

    command(run, format.value, out, console=console)
