"""`keras-vabc tune`: gamma for a user's own data, chosen without labels."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.column_options import Column, Columns, Drop, Id, Missing, column_overrides
from keras_vabc.cli.options import (
    Epochs,
    ImageSize,
    MaxUnreadable,
    ReviewedFile,
    TrainingSetting,
    Unlabeled,
    Unwanted,
    Workers,
    Yes,
)


def tune(
    unlabeled: Unlabeled,
    unwanted: Unwanted,
    out: Annotated[Path, typer.Option(help="Folder of the results; goes on where it stopped.")],
    setting: Annotated[
        TrainingSetting, typer.Option(help="The paper's model alone, or all that helps.")
    ] = TrainingSetting.quality,
    seeds: Annotated[int, typer.Option(help="Trainings of each gamma.")] = 2,
    epochs: Epochs = None,
    image_size: ImageSize = None,
    max_unreadable: MaxUnreadable = 0.01,
    columns: Columns = None,
    column: Column = None,
    drop: Drop = None,
    id: Id = None,
    missing: Missing = None,
    yes: Yes = False,
    reviewed: ReviewedFile = None,
    workers: Workers = None,
):
    """Choose gamma for your own data, without labels.

    Trains a VAE and V-ABC with six gammas, each as long as train does. 30 % of both are held out: a
    classifier that learns from them tells how many samples of each model are negatives.

    Examples:
      keras-vabc tune --unlabeled photos/ --unwanted flagged/ --out tuned
      keras-vabc tune --unlabeled all.csv --unwanted bad.csv --out tuned --setting paper
    """
    from keras_vabc.recipes.results_folder import TUNE, TUNE_FILES, check_results_place
    from keras_vabc.recipes.starting import starting_tensorflow

    console = Console()
    check_results_place(out, TUNE, TUNE_FILES)
    with starting_tensorflow(console):
        from keras_vabc.recipes import tune as recipe
    recipe.tune(
        unlabeled,
        unwanted,
        out,
        setting=setting.value,
        seeds=seeds,
        epochs=epochs,
        image_size=image_size,
        max_unreadable=max_unreadable,
        columns=column_overrides(columns, column, drop, id, missing),
        allow_more_unwanted=yes,
        reviewed=reviewed,
        workers=workers,
        console=console,
    )
