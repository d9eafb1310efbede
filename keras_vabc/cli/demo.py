"""`keras-vabc demo`: the package at its best and as published, on MNIST and on Moons."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

ImageDataset = StrEnum("ImageDataset", ("mnist", "fashion_mnist", "digits"))


def demo(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to make, new or empty. (default: runs/demo-DATE-TIME)"),
    ] = None,
    dataset: Annotated[
        ImageDataset, typer.Option(help="Images; digits where no source answers.")
    ] = ImageDataset.mnist,
    negative_class: Annotated[
        int, typer.Option(help="The class that must not be generated.", min=0, max=9)
    ] = 8,
    epochs: Annotated[
        int | None, typer.Option(help="Most epochs of each training. (default: its own)", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
):
    """Train the VAE, V-ABC and the quality setting on images, then the first two on Moons.

    Measures what they generate. Writes report.html, results.jsonl, samples.png and the five models
    into a new folder.

    Examples:
      keras-vabc demo
      keras-vabc demo --epochs 5 --out runs/quick
      keras-vabc demo --dataset fashion_mnist --negative-class 6
    """
    from keras_vabc.files.writing import check_new_folder
    from keras_vabc.recipes.starting import starting_tensorflow

    console, out = Console(), out or Path("runs") / f"demo-{datetime.now():%Y%m%d-%H%M%S}"
    check_new_folder(out)
    with starting_tensorflow(console):
        from keras_vabc.experiments.demo import run_demo
    run_demo(out, dataset.value, negative_class, epochs=epochs, seed=seed, console=console)
