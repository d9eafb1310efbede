"""`keras-vabc benchmark`: the methods side by side, resumable and in parallel."""

from pathlib import Path

from keras_vabc.experiments.benchmark.page import FILES, render
from keras_vabc.experiments.benchmark.runs import all_runs
from keras_vabc.pages.console import say
from keras_vabc.recipes.results_folder import results_folder
from keras_vabc.recipes.sweep import run_missing


def run_benchmark(*, slugs, folder, fresh, workers, console):
    """Runs what is missing of some methods, or of all of `runs.NAMES`, and renders the page.

    `fresh` and `workers` are as in `run_missing`. Raises what `all_runs` and `results_folder` do.
    """
    runs = all_runs(slugs)
    with results_folder(folder, "benchmark", FILES):
        run_missing(runs, Path(folder), fresh=fresh, workers=workers, console=console)
        missing = render(folder)
    page = Path(folder) / "README.md"
    say(console, f"Rendered {page}; {missing} runs are missing in all.")
