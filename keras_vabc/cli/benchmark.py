"""`keras-vabc benchmark`: the methods side by side."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import Fresh, Workers


def benchmark(
    methods: Annotated[
        list[str] | None, typer.Argument(help="Methods to run. (default: all)")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the result lines.")] = Path(
        "docs/results/benchmark"
    ),
    fresh: Fresh = False,
    workers: Workers = None,
):
    """Compare V-ABC, the rungs above it and its rivals on MNIST.

    Takes hours; a run that has finished is stored at once and never run again.

    Examples:
      keras-vabc benchmark
      keras-vabc benchmark quality quality-vae
    """
    from keras_vabc.experiments.benchmark.runs import run_benchmark

    run_benchmark(slugs=methods or (), folder=out, fresh=fresh, workers=workers, console=Console())
