"""`keras-vabc evaluate`: what can be told of a run, without labels or with them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import RunFolder


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
    from keras_vabc.pages.console import print_table, say
    from keras_vabc.pages.page import measured_table
    from keras_vabc.recipes.evaluation import check_pair
    from keras_vabc.recipes.run import open_run
    from keras_vabc.recipes.starting import starting_tensorflow

    console, opened = Console(), open_run(run, "RUN")
    check_pair(labels, negative_class)
    with starting_tensorflow(console) as status:
        figures = opened.evaluate(labels, negative_class, seed=seed, show=status.update)
    if labels is not None and figures.images:
        print_table(console, "Samples and real data", measured_table(figures.images))
    for line in figures.reported:
        say(console, line)
