"""Many runs in worker processes: each finished one is stored at once, and none is run twice."""

import json
from collections.abc import Callable
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from keras_vabc.files.writing import write_whole
from keras_vabc.pages.console import Bars, say
from keras_vabc.recipes.results import described
from keras_vabc.recipes.results_folder import ARRAYS, RESULTS, put_aside
from keras_vabc.recipes.workers import worker_pool


def stored_lines(folder):
    """Result lines of finished runs by key, without the broken last line of a killed sweep."""
    path = Path(folder, RESULTS)
    lines = {}
    if path.exists():
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
                lines[line["key"]] = line
            except (ValueError, TypeError, KeyError):
                continue
    return lines


@dataclass(frozen=True)
class Job:
    """A function to be run in a worker process, and where its result line is stored.

    The function is one of a module, which worker processes import; called with the arguments and
    the folder for arrays it returns the line, a dict. A job whose key is stored is not run again.
    """

    key: str
    function: Callable
    arguments: tuple = ()

    def run(self, arrays):
        """Calls the function; returns the line, under the key of the job."""
        return {**self.function(*self.arguments, arrays), "key": self.key}


def sweep(jobs, folder, workers=None, on_done=lambda line: None):
    """Runs the jobs that have no stored line yet, the first ones first, in `results_folder`.

    Each line is stored as it comes; `on_done` is then called with it in this process. If a worker
    dies, a `BrokenProcessPool` says that what was finished is stored.
    """
    folder = Path(folder)
    done = stored_lines(folder)
    missing = [job for job in jobs if job.key not in done]
    try:
        with worker_pool(workers) as pool:
            futures = [pool.submit(job.run, str(folder / ARRAYS)) for job in missing]
            for future in as_completed(futures):
                line = future.result()
                append_line(folder / RESULTS, line)
                on_done(line)
    except BrokenProcessPool as error:
        raise BrokenProcessPool(
            f"{error} What was finished is stored; the same command goes on, and needs less memory "
            "with fewer workers."
        ) from None


def append_line(path, line):
    """Appends on a line of its own, also where something left half a line at the end.

    Where that fails, by an `OSError`, the file stays as it is.
    """
    old = path.read_bytes() if path.exists() else b""
    if old and not old.endswith(b"\n"):
        old += b"\n"
    write_whole(path, old + json.dumps(line).encode() + b"\n")


def run_missing(jobs, folder, *, fresh, workers, console, describe=described):
    """Runs those that have no stored line, with one progress display, in `results_folder`.

    `fresh` puts stored results aside first, as `put_aside`; `describe` maps a new line to the text
    that is shown of it.
    """
    if fresh and (folder / RESULTS).exists():
        put_aside(folder)
    missing = len({job.key for job in jobs} - stored_lines(folder).keys())
    arrays = f"Arrays go to {folder / ARRAYS}."
    say(console, f"{len(jobs)} runs, {missing} of them missing. {arrays}")
    with Bars(console, "runs") as bars:
        bar = bars.add("Runs", missing)

        def show(line):
            bars.advance(bar)
            bars.say(describe(line))

        sweep(jobs, folder, workers, show)
