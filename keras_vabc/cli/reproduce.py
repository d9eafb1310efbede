"""`keras-vabc reproduce`: the experiments of the paper."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import Fresh, Workers


def reproduce(
    experiment: Annotated[
        str, typer.Argument(help="all, table1, judges, fig2 to fig9, ablation or moons.")
    ] = "all",
    out: Annotated[Path, typer.Option(help="Folder of result lines and arrays.")] = Path(
        "docs/results/paper"
    ),
    saved_models: Annotated[
        Path, typer.Option(help="Folder of the SavedModels of the headline runs.")
    ] = Path("saved_models"),
    fresh: Fresh = False,
    workers: Workers = None,
):
    """Run the experiments of the paper that have no stored result yet.

    A run that has finished is stored at once and never run again; a sweep that was broken off goes
    on where it stopped.

    Examples:
      keras-vabc reproduce
      keras-vabc reproduce fig2 --workers 1
    """
    from keras_vabc.experiments.paper.reproduce import reproduce as run

    run(
        experiment,
        folder=out,
        saved_models=saved_models,
        fresh=fresh,
        workers=workers,
        console=Console(),
    )
