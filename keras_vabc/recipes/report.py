"""The page that shows a run."""

from pathlib import Path

from keras_vabc.files.writing import write_whole
from keras_vabc.recipes.outputs import check_output
from keras_vabc.recipes.run import Run, open_run

PAGE = "report.html"


def report(run, out=None, *, show_unwanted=False):
    """Writes the page of a run: one file that needs no other.

    Of the unwanted data it shows counts and scores, and no example unless that is asked for.

    Args:
        run: `Run`, or the path of one.
        out: Path of the file, which is replaced; by default `report.html` in the folder of the run.
        show_unwanted: Whether to show unwanted examples too.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ValueError: If a run in memory is given no `out`, or `out` is the data or a part of the run.
        OSError: If the page cannot be written.

    Example:
        >>> kv.report(kv.open_run("run"))
    """
    from keras_vabc.pages.page import render_page
    from keras_vabc.pages.run_page import sections

    if not isinstance(run, Run):
        run = open_run(run)
    if out is None and run.folder is None:
        raise ValueError("out must be given for a run in memory. Received: out=None.")
    path = run.folder / PAGE if out is None else Path(out)
    check_output(run, path)
    title = "Run" if run.folder is None else f"Run {run.folder.resolve().name}"
    write_whole(path, render_page(title, sections(run, show_unwanted)).encode())
    return path
