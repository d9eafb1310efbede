"""The page that shows a run."""

import re
from pathlib import Path

from keras_vabc.files.outputs import HOW
from keras_vabc.files.writing import followed, write_whole
from keras_vabc.pages.console import plain
from keras_vabc.recipes.outputs import check_output
from keras_vabc.recipes.run import Run, open_run

PAGE = "report.html"
MADE_HERE = re.compile(rb'<meta name="generator" content="keras_vabc [^"]*">')
HEAD_BYTES = 4096  # of a page, in which that is


def report(run, out=None, *, show_unwanted=False, overwrite=False):
    """Writes the page of a run: one file that needs no other.

    Of the unwanted data it shows counts and scores, and no example unless that is asked for.

    Args:
        run: `Run`, or the path of one.
        out: Path of the file; by default `report.html` in the folder of the run. An earlier page
            is replaced.
        show_unwanted: Whether to show unwanted examples too.
        overwrite: Whether to replace another file, too.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ValueError: If a run in memory is given no `out`, or `out` is the data or a part of the run.
        OSError: If the page cannot be written, or another file is there.

    Example:
        >>> kv.report(kv.open_run("run"))
    """
    from keras_vabc.pages.page import render_page
    from keras_vabc.pages.run_page import sections

    if not isinstance(run, Run):
        run = open_run(run)
    path = check_page_place(run, out, overwrite)
    title = "Run" if run.folder is None else f"Run {plain(run.folder.resolve().name)}"
    page = render_page(title, sections(run, show_unwanted)).encode()
    check_page_place(run, path, overwrite)  # there was time to put a file there
    write_whole(followed(path), page)
    return path


def check_page_place(run, out=None, overwrite=False):
    """The path of the page; refused before anything slow is done if another file is there."""
    if out is None and run.folder is None:
        raise ValueError("out must be given for a run in memory. Received: out=None.")
    path = run.folder / PAGE if out is None else Path(out)
    check_output(run, path)
    place = followed(path)
    if place.is_file() and not (overwrite or _is_page(place)):
        raise FileExistsError(
            f"out must be new, or a page of keras-vabc; {HOW}. Received: out={path}, which does "
            "not say that keras-vabc made it (pages of earlier versions did not)."
        )
    return path


def _is_page(path):
    with open(path, "rb") as file:
        return bool(MADE_HERE.search(file.read(HEAD_BYTES)))
