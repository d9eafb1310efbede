"""The commands of `keras-vabc` that run the project's own experiments."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer()
console = Console()


class ImageDataset(StrEnum):
    """Image data sets of the demo."""

    mnist = "mnist"
    fashion_mnist = "fashion_mnist"
    digits = "digits"


@app.command(rich_help_panel="Experiments")
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
        int | None, typer.Option(help="Most epochs of each training. (default: the paper's)", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
):
    """Train the VAE and V-ABC on images and on Moons, and measure what they generate.

    Writes report.html, results.jsonl, samples.png and the four models into a new folder.

    Examples:
      keras-vabc demo
      keras-vabc demo --epochs 5 --out runs/quick
      keras-vabc demo --dataset fashion_mnist --negative-class 6
    """
    out = out or Path("runs") / f"demo-{datetime.now():%Y%m%d-%H%M%S}"
    with console.status("Starting TensorFlow"):
        from keras_vabc.recipes.workers import start_tensorflow

        start_tensorflow()
        from keras_vabc.experiments.demo import run_demo
    run_demo(out, dataset.value, negative_class, epochs=epochs, seed=seed, console=console)


@app.command(rich_help_panel="Experiments")
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
    fresh: Annotated[bool, typer.Option("--fresh", help="Put stored results aside first.")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes. (default: one for each core)", min=1)
    ] = None,
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
        console=console,
    )


@app.command(rich_help_panel="Experiments")
def benchmark(
    methods: Annotated[
        list[str] | None, typer.Argument(help="Methods to run. (default: all)")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the result lines.")] = Path(
        "docs/results/benchmark"
    ),
    fresh: Annotated[bool, typer.Option("--fresh", help="Put stored results aside first.")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes. (default: one for each core)", min=1)
    ] = None,
):
    """Compare V-ABC, the rungs above it and its rivals on MNIST.

    Takes hours; a run that has finished is stored at once and never run again.

    Examples:
      keras-vabc benchmark
      keras-vabc benchmark quality quality-vae
    """
    from keras_vabc.experiments.benchmark.compare import run_benchmark

    run_benchmark(slugs=methods or (), folder=out, fresh=fresh, workers=workers, console=console)
