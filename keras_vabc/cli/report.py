"""`keras-vabc report`: the page that shows a run."""

from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import Overwrite, RunFolder


def report(
    run: RunFolder,
    show_unwanted: Annotated[
        bool, typer.Option("--show-unwanted", help="Show unwanted examples too.")
    ] = False,
    overwrite: Overwrite = False,
):
    """Write the page that shows a run: RUN/report.html.

    Examples:
      keras-vabc report run
    """
    from keras_vabc.pages.console import say
    from keras_vabc.recipes import report as recipe
    from keras_vabc.recipes.run import open_run
    from keras_vabc.recipes.starting import starting_tensorflow

    console, opened = Console(), open_run(run, "RUN")
    recipe.check_page_place(opened, overwrite=overwrite)
    with starting_tensorflow(console) as status:
        status.update("Drawing the report")
        page = recipe.report(opened, show_unwanted=show_unwanted, overwrite=overwrite)
    say(console, f"The report is {page}.")
