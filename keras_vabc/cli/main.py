"""The command `keras-vabc`.

Nothing slow is imported before a command needs it, so that `--help` answers at once.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.errors import OneLineErrors
from keras_vabc.cli.experiments import app as experiments
from keras_vabc.cli.runs import app as runs
from keras_vabc.version import __version__

app = typer.Typer(
    cls=OneLineErrors,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Generate data like your unlabeled set and none like your unwanted one.",
)
console = Console()


class UserSetting(StrEnum):
    """Settings for data of one's own."""

    paper = "paper"
    quality = "quality"


def _show_version(wanted: bool):
    if wanted:
        print(f"keras-vabc {__version__}")
        raise typer.Exit


def _image_size(text: str):
    """`(height, width)` of HxW."""
    sizes = text.lower().split("x")
    if len(sizes) != 2 or not all(size.isdecimal() and 0 < int(size) for size in sizes):
        raise typer.BadParameter("must be HEIGHTxWIDTH, such as 28x28.")
    return tuple(map(int, sizes))


Unlabeled = Annotated[
    str,
    typer.Option(help="Folder of images; .npy, .npz, .csv or .parquet file; or tfds:NAME/SPLIT."),
]
Unwanted = Annotated[str, typer.Option(help="Likewise: what must not be generated.")]
Epochs = Annotated[
    int | None, typer.Option(help="Passes over the unlabeled data. (default: by size)", min=1)
]
ImageSize = Annotated[
    tuple | None,
    typer.Option(
        parser=_image_size,
        metavar="HxW",
        help="Resize images; needed above 512x512. (default: most frequent size)",
    ),
]
MaxUnreadable = Annotated[
    float, typer.Option(help="Largest share of files that may be unreadable.", min=0, max=1)
]
Yes = Annotated[bool, typer.Option("--yes", help="Allow more unwanted than unlabeled examples.")]


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
):
    pass


@app.command()
def train(
    unlabeled: Unlabeled,
    unwanted: Unwanted,
    out: Annotated[Path, typer.Option(help="Folder of the run; goes on where it stopped.")],
    setting: Annotated[
        UserSetting | None,
        typer.Option(help="The paper's model alone, or all that helps. (default: quality)"),
    ] = None,
    epochs: Epochs = None,
    gamma: Annotated[
        float | None,
        typer.Option(
            help="Lower pushes the unwanted farther; see tune. (default: of --from, or by data)"
        ),
    ] = None,
    image_size: ImageSize = None,
    max_unreadable: MaxUnreadable = 0.01,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Finished run to start from, with its setting, gamma."),
    ] = None,
    yes: Yes = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
):
    """Train a generator on your own data.

    Reads both, says what it repaired, holds out a fifth for testing, and trains.

    The same command again goes on after the last finished stage.

    Examples:
      keras-vabc train --unlabeled photos/ --unwanted flagged/ --out run
      keras-vabc train --unlabeled all.csv --unwanted bad.csv --out run --setting paper
      keras-vabc train --unlabeled photos/ --unwanted flagged/ --out run2 --from run
    """
    from keras_vabc.recipes.train import train as command

    command(
        unlabeled,
        unwanted,
        out,
        setting=None if setting is None else setting.value,
        epochs=epochs,
        gamma=gamma,
        image_size=image_size,
        max_unreadable=max_unreadable,
        start=start,
        yes=yes,
        seed=seed,
        console=console,
    )


@app.command()
def tune(
    unlabeled: Unlabeled,
    unwanted: Unwanted,
    out: Annotated[Path, typer.Option(help="Folder of the results; goes on where it stopped.")],
    setting: Annotated[
        UserSetting, typer.Option(help="The paper's model alone, or all that helps.")
    ] = UserSetting.quality,
    seeds: Annotated[int, typer.Option(help="Trainings of each gamma.", min=1)] = 2,
    epochs: Epochs = None,
    image_size: ImageSize = None,
    max_unreadable: MaxUnreadable = 0.01,
    yes: Yes = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes. (default: one for each core)", min=1)
    ] = None,
):
    """Choose gamma for your own data, without labels.

    Trains a VAE and V-ABC with six gammas, each as long as train does. 30 % of both are held out: a
    classifier that learns from them tells how many samples of each model are negatives.

    Examples:
      keras-vabc tune --unlabeled photos/ --unwanted flagged/ --out tuned
      keras-vabc tune --unlabeled all.csv --unwanted bad.csv --out tuned --setting paper
    """
    with console.status("Starting TensorFlow"):
        from keras_vabc.recipes.workers import start_tensorflow

        start_tensorflow()
        from keras_vabc.recipes.tune import tune as command
    command(
        unlabeled,
        unwanted,
        out,
        setting=setting.value,
        seeds=seeds,
        epochs=epochs,
        image_size=image_size,
        max_unreadable=max_unreadable,
        allow_more_unwanted=yes,
        workers=workers,
        console=console,
    )


app.add_typer(runs)
app.add_typer(experiments)


def main():
    """Entry point of the console script."""
    app()
