"""`keras-vabc sample`: new data from a run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import Overwrite, RunFolder


def sample(
    run: RunFolder,
    out: Annotated[
        Path, typer.Option(help="New folder of PNGs; or .npz, .npy, .csv or .parquet file.")
    ],
    n: Annotated[int, typer.Option("-n", help="Number of samples.", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="Another one gives other samples.", min=0)] = 0,
    overwrite: Overwrite = False,
):
    """Generate new data, in the scale of your own.

    Examples:
      keras-vabc sample run -n 1000 --out samples
      keras-vabc sample run -n 100000 --out samples.npz --seed 1
    """
    from keras_vabc.pages.console import Bars, say
    from keras_vabc.recipes.outputs import check_samples_place, write_samples
    from keras_vabc.recipes.run import open_run
    from keras_vabc.recipes.starting import starting_tensorflow

    console, opened = Console(), open_run(run, "RUN")
    check_samples_place(opened, out, overwrite)
    with starting_tensorflow(console):
        _ = opened.sampler
    with Bars(console, "samples") as bars:
        bar = bars.add("Samples", n)
        kind = {"seed": seed, "overwrite": overwrite, "show": lambda rows: bars.advance(bar, rows)}
        drawn = write_samples(opened, n, out, **kind)
    say(console, f"{n:,} samples are in {out}; {drawn - n:,} of {drawn:,} drawn were rejected.")
