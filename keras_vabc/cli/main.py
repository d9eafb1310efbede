"""The command `keras-vabc`.

Nothing slow is imported before a command needs it, so that `--help` answers at once.
"""

import os
import sys
from typing import Annotated

import typer

from keras_vabc.cli.benchmark import benchmark
from keras_vabc.cli.certify import certify
from keras_vabc.cli.demo import demo
from keras_vabc.cli.errors import OneLineErrors
from keras_vabc.cli.evaluate import evaluate
from keras_vabc.cli.export import export
from keras_vabc.cli.options import Checked, CheckedWithoutKeras
from keras_vabc.cli.report import report
from keras_vabc.cli.reproduce import reproduce
from keras_vabc.cli.review import review
from keras_vabc.cli.sample import sample
from keras_vabc.cli.score import score
from keras_vabc.cli.threshold import threshold
from keras_vabc.cli.train import train
from keras_vabc.cli.tune import tune
from keras_vabc.cli.verify import verify
from keras_vabc.version import __version__

app = typer.Typer(
    cls=OneLineErrors,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Generate data like your unlabeled set and none like your unwanted one.",
)


def _show_version(wanted: bool):
    if wanted:
        print(f"keras-vabc {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
):
    pass


RUNS = train, tune, sample, score, threshold, evaluate, report, review, export, certify, verify
for command in RUNS:
    kind = CheckedWithoutKeras if command in (threshold, verify) else Checked
    app.command(cls=kind)(command)
for command in (demo, reproduce, benchmark):
    app.command(cls=Checked, rich_help_panel="Experiments")(command)


def main():
    """Entry point of the console script."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as a daemon's
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
    app()
