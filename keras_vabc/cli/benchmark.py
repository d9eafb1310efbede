"""`keras-vabc benchmark`: the methods side by side."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import Fresh, Workers

IMAGES = "images"  # in the place of methods


def benchmark(
    methods: Annotated[
        list[str] | None,
        typer.Argument(help="Methods to run on MNIST, or images. (default: all on MNIST)"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the result lines. (default: docs/results/benchmark, or .../images)"
        ),
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="Of images: a method to run. (default: all)")
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Of images: a data set to use. (default: all)")
    ] = None,
    fresh: Fresh = False,
    workers: Workers = None,
):
    """Compare V-ABC, the rungs above it and its rivals on MNIST, or on several image sets.

    Takes hours; a run that has finished is stored at once and never run again.

    Examples:
      keras-vabc benchmark
      keras-vabc benchmark quality quality-vae
      keras-vabc benchmark images
      keras-vabc benchmark images --method real --method images --dataset cifar10
    """
    from keras_vabc.experiments.benchmark.compare import run_benchmark
    from keras_vabc.experiments.images.compare import run_images

    images = methods == [IMAGES]
    if not images and (method or dataset):
        raise ValueError(
            "method and dataset must go with images: keras-vabc benchmark images. "
            f"Received: methods={' '.join(methods or ()) or None}."
        )
    folder = out or Path("docs/results", IMAGES if images else "benchmark")
    options = {"folder": folder, "fresh": fresh, "workers": workers, "console": Console()}
    if images:
        run_images(slugs=method or (), datasets=dataset or (), **options)
    else:
        run_benchmark(slugs=methods or (), **options)
