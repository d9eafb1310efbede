"""`keras-vabc report`: the page that shows a run."""

from pathlib import Path

from keras_vabc.files.writing import write_whole
from keras_vabc.pages.console import say
from keras_vabc.recipes.trained_run import finished_run

PAGE = "report.html"


def report(folder, *, show_unwanted=False, console):
    """Writes `report.html` into the folder of a run: one file that needs no other.

    Of the unwanted data it shows counts and scores, and no example unless that is asked for.

    Args:
        folder: Folder of the run.
        show_unwanted: Whether to show unwanted examples too.
        console: `rich.console.Console`.

    Raises:
        ValueError: If it is no finished run.
        OSError: If the page cannot be written.
    """
    trained = finished_run(folder)
    with console.status("Starting TensorFlow") as status:
        from keras_vabc.recipes.workers import start_tensorflow

        start_tensorflow()
        from keras_vabc.pages.page import render_page
        from keras_vabc.pages.run_page import sections

        status.update("Drawing the report")
        page = render_page(f"Run {Path(folder).resolve().name}", sections(trained, show_unwanted))
    write_whole(Path(folder, PAGE), page.encode())
    say(console, f"The report is {folder}/{PAGE}.")
