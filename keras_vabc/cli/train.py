"""`keras-vabc train`: from a user's files to the folder of a run."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.column_options import Column, Columns, Drop, Id, Missing, column_overrides
from keras_vabc.cli.errors import UsageError
from keras_vabc.cli.options import (
    Budget,
    Epochs,
    ImageSize,
    MaxUnreadable,
    ReviewedFile,
    TrainingSetting,
    Unlabeled,
    Unwanted,
    Yes,
)

Preference = StrEnum("Preference", ("clean", "complete"))
Gamma = Annotated[
    float | None,
    typer.Option(
        help="Lower pushes the unwanted farther; see tune. (default: of --from, or by data)"
    ),
]
Start = Annotated[
    Path | None,
    typer.Option("--from", help="Finished run to start from, with its setting, gamma."),
]


TableDataset = StrEnum("TableDataset", ("adult", "beijing", "german"))


def train(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder of the run; goes on where it stopped.")],
    unlabeled: Unlabeled = None,
    unwanted: Unwanted = None,
    dataset: Annotated[
        TableDataset | None,
        typer.Option(help="A table that is known by name, in the place of both folds."),
    ] = None,
    setting: Annotated[
        TrainingSetting | None,
        typer.Option(help="The paper's model alone, or all that helps. (default: quality)"),
    ] = None,
    epochs: Epochs = None,
    budget: Budget = None,
    gamma: Gamma = None,
    image_size: ImageSize = None,
    max_unreadable: MaxUnreadable = 0.01,
    columns: Columns = None,
    column: Column = None,
    drop: Drop = None,
    id: Id = None,
    missing: Missing = None,
    start: Start = None,
    yes: Yes = False,
    reviewed: ReviewedFile = None,
    prefer: Annotated[
        Preference,
        typer.Option(help="Clean samples, or to lose no wanted data to the cleaning."),
    ] = Preference.clean,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
):
    """Train a generator on your own data.

    Reads both, says what it repaired, holds out a fifth for testing, trains, and ends with a
    verdict on the samples of images.

    The same command again goes on after the last finished stage.

    Examples:
      keras-vabc train --unlabeled photos/ --unwanted flagged/ --out run
      keras-vabc train --unlabeled all.csv --unwanted bad.csv --out run --setting paper
      keras-vabc train --unlabeled all.csv --unwanted bad.csv --out run --id customer
      keras-vabc train --unlabeled photos/ --unwanted flagged/ --out run2 --from run
      keras-vabc train --unlabeled a.csv --unwanted b.csv --out run2 --reviewed reviewed.csv
      keras-vabc train --dataset german --out run
    """
    unlabeled, unwanted = _folds(unlabeled, unwanted, dataset, seed, context)
    from keras_vabc.data.intake import SwappedFolds
    from keras_vabc.recipes import train as recipe
    from keras_vabc.recipes.run import open_run

    console = Console()
    given = {
        "setting": None if setting is None else setting.value,
        "out": out,
        "epochs": epochs,
        "budget": budget,
        "gamma": gamma,
        "image_size": image_size,
        "max_unreadable": max_unreadable,
        "columns": column_overrides(columns, column, drop, id, missing),
        "start": None if start is None else open_run(start, "from"),
        "prefer": prefer.value,
        "reviewed": reviewed,
        "seed": seed,
        "console": console,
    }
    try:
        recipe.train(unlabeled, unwanted, **given, allow_more_unwanted=yes)
    except SwappedFolds as error:
        _confirm(error)
        recipe.train(unlabeled, unwanted, **given, allow_more_unwanted=True)


def _folds(unlabeled, unwanted, dataset, seed, context):
    """What to train on: both folds as they are given, or those of a data set."""
    given = {"unlabeled": unlabeled, "unwanted": unwanted}
    if dataset is None:
        for name, value in given.items():
            if value is None:
                raise UsageError(f"Missing option '--{name}'.", context)
        return unlabeled, unwanted
    if unlabeled is not None or unwanted is not None:
        raise ValueError(
            "dataset must stand in the place of unlabeled and unwanted. "
            f"Received: dataset={dataset.value}, unlabeled={unlabeled}, unwanted={unwanted}."
        )
    from keras_vabc.data.datasets.named_folds import load_folds

    folds = load_folds(dataset.value, seed=seed)
    return folds.unlabeled, folds.unwanted


def _confirm(error):
    """Asks whether two folds that look swapped are meant so."""
    if not sys.stdin.isatty():
        raise ValueError(f"{error} If they are not swapped, give --yes.") from None
    if not typer.confirm(f"{error} Train all the same?"):
        raise ValueError("Stopped; nothing was trained.") from None
