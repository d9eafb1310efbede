"""`keras-vabc threshold`: from which score on data are flagged."""

from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import RunFolder


def threshold(
    run: RunFolder,
    max_false_alarms: Annotated[
        float, typer.Option(help="Share of wanted data that may be flagged, below 1.")
    ] = 0.01,
):
    """Choose the score from which data are flagged, and store it with the run.

    Examples:
      keras-vabc threshold run --max-false-alarms 0.01
    """
    from keras_vabc.pages.console import say
    from keras_vabc.recipes.run import open_run
    from keras_vabc.recipes.threshold import threshold_lines

    opened = open_run(run, "RUN")
    opened.set_threshold(max_false_alarms)
    for line in threshold_lines(opened):
        say(Console(), line)
