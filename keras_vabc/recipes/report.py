"""The page that shows a run."""

import contextlib
import functools
import os
from pathlib import Path

from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.files.outputs import HOW
from keras_vabc.files.writing import followed, is_being_written, whole_file
from keras_vabc.pages.console import plain
from keras_vabc.pages.seal import is_as_sealed
from keras_vabc.recipes.outputs import check_output
from keras_vabc.recipes.run import Run, open_run

PAGE = "report.html"


def report(run, out=None, *, show_unwanted=False, overwrite=False):
    """Writes the page of a run: one file that needs no other.

    Of the unwanted data it shows counts and scores, and no example unless that is asked for.

    Args:
        run: `Run`, or the path of one.
        out: Path of the file; by default `report.html` in the folder of the run. An earlier page
            is replaced if nobody changed it.
        show_unwanted: Whether to show unwanted examples too.
        overwrite: Whether to replace another file, too.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ValueError: If a run in memory is given no `out`, or `out` is the data or a part of the run.
        OSError: If the page cannot be written, or another file is there, or a page that was
            changed. A `BlockingIOError` if another process is writing it.

    Example:
        >>> kv.report(kv.open_run("run"))
    """
    check_keras_settings()  # or the page would say so where samples are missed
    if not isinstance(run, Run):
        run = open_run(run)
    path = check_page_place(run, out, overwrite)
    _draw(run, path, functools.partial(check_page_place, run, path, overwrite), show_unwanted)
    return path


def first_report(run):
    """Writes the page of a run in its folder where there is none yet: its path.

    `None` where there is one, or another process is writing it.
    """
    path = run.folder / PAGE
    with contextlib.suppress(FileExistsError, BlockingIOError):
        _check_none(path)
        _draw(run, path, functools.partial(_check_none, path))
        return path
    return None


def check_page_place(run, out=None, overwrite=False, *, own=None):
    """The path of the page; refused before anything slow is done if another file is there.

    So is what another process is just writing than the one that has the temporary folder `own`.
    """
    if out is None and run.folder is None:
        raise ValueError("out must be given for a run in memory. Received: out=None.")
    path = run.folder / PAGE if out is None else Path(out)
    check_output(run, path)
    place = followed(path)
    if is_being_written(place, own):
        raise BlockingIOError(f"Another process is writing {path}; wait for it.")
    if place.is_file() and not (overwrite or is_as_sealed(place)):
        raise FileExistsError(
            f"out must be new, or a page as keras-vabc made it; {HOW}. Received: out={path}, which "
            "was changed since, or which keras-vabc did not make."
        )
    return path


def _check_none(path, *, own=None):
    place = followed(path)
    if os.path.lexists(place) or is_being_written(place, own):
        raise FileExistsError(f"out must be new. Received: out={path}.")


def _draw(run, path, check, show_unwanted=False):
    """Writes the page of a run, if its place is still free when it begins and when it is done."""
    from keras_vabc.pages.page import render_page
    from keras_vabc.pages.run_page import sections

    with whole_file(followed(path)) as page:
        check(own=page.parent)
        title = "Run" if run.folder is None else f"Run {plain(run.folder.resolve().name)}"
        page.write_bytes(render_page(title, sections(run, show_unwanted)).encode())
        check(own=page.parent)  # there was time to put a file there
