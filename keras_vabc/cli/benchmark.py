"""`keras-vabc benchmark`: the methods side by side."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import Fresh, Workers

IMAGES, DETECTION = "images", "detection"  # in the place of methods


def benchmark(
    methods: Annotated[
        list[str] | None,
        typer.Argument(help="Methods to run on MNIST; or images, or detection. (default: all)"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the result lines. (default: docs/results/benchmark, .../images or "
            ".../detection)"
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="Of images and detection: a method to run. (default: all)"),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(help="Of images and detection: a data set to use. (default: all)"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Of detection: folder of ADBench's .npz files. (default: adbench in "
            "$KERAS_VABC_DATA)"
        ),
    ] = None,
    fresh: Fresh = False,
    workers: Workers = None,
):
    """Compare V-ABC, the rungs above it and its rivals on MNIST, or on several image sets.

    With detection, compare detectors of unwanted rows on tables of which a few are known. Takes
    hours; a run that has finished is stored at once and never run again.

    Examples:
      keras-vabc benchmark
      keras-vabc benchmark quality quality-vae
      keras-vabc benchmark images
      keras-vabc benchmark images --method real --method images --dataset cifar10
      keras-vabc benchmark detection --method nu --method forest --data adbench
    """
    from keras_vabc.experiments.benchmark.compare import run_benchmark
    from keras_vabc.experiments.detection.compare import run_detection
    from keras_vabc.experiments.images.compare import run_images

    what = methods[0] if methods in ([IMAGES], [DETECTION]) else None
    if what is None and (method or dataset):
        raise ValueError(
            "method and dataset must go with images or detection: keras-vabc benchmark images. "
            f"Received: methods={' '.join(methods or ()) or None}."
        )
    if what != DETECTION and data is not None:
        raise ValueError(
            "data must go with detection: keras-vabc benchmark detection. "
            f"Received: methods={' '.join(methods or ()) or None}."
        )
    folder = out or Path("docs/results", what or "benchmark")
    options = {"folder": folder, "fresh": fresh, "workers": workers, "console": Console()}
    if what == IMAGES:
        run_images(slugs=method or (), datasets=dataset or (), **options)
    elif what == DETECTION:
        run_detection(methods=method or (), datasets=dataset or (), data=data, **options)
    else:
        run_benchmark(slugs=methods or (), **options)
