"""`keras-vabc benchmark`: the methods side by side, resumable and in parallel."""

from pathlib import Path

from keras_vabc.experiments.benchmark.page import render
from keras_vabc.experiments.benchmark.runs import all_runs
from keras_vabc.recipes.sweep import results_folder, run_missing


def run_benchmark(*, slugs, folder, fresh, workers, console):
    """Runs what is missing of some methods and renders the page.

    Args:
        slugs: Names of methods, or `"real"` or `"failures"`; empty for all.
        folder: Where result lines are kept.
        fresh: Whether stored results are put aside first.
        workers: Number of processes; by default one for each core.
        console: `rich.console.Console` for the progress display.

    Raises:
        ValueError: If a method is unknown.
        OSError: If something cannot be written, or another process is at work in the folder.
    """
    runs = all_runs(slugs)
    with results_folder(folder):
        run_missing(runs, Path(folder), fresh=fresh, workers=workers, console=console)
        missing = render(folder)
    console.print(f"Rendered {Path(folder) / 'README.md'}; {missing} runs are missing in all.")
