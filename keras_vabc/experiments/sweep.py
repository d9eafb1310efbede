"""Many runs in worker processes: each finished one is stored at once, and none is run twice."""

import json
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from keras_vabc.experiments.workers import worker_pool
from keras_vabc.runs import delete_temporary, locked, make_folder, write_whole

RESULTS = "results.jsonl"
ARRAYS = "arrays"


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


@contextmanager
def results_folder(folder):
    """Makes the folder of a sweep, and keeps every other one out of it until the block ends.

    Args:
        folder: Path of the folder of result lines and arrays.

    Raises:
        BlockingIOError: If another process is at work in it.
        OSError: If it cannot be made.
    """
    arrays = Path(folder, ARRAYS)
    make_folder(arrays)
    with locked(folder):
        delete_temporary(arrays)
        try:
            yield
        finally:
            delete_temporary(arrays)  # of workers that died


def sweep(jobs, folder, workers=None, on_done=lambda line: None):
    """Runs the jobs that have no stored line yet, and stores each line as it comes.

    To be called in `results_folder`.

    Args:
        jobs: Objects with a `key` and a method `run(arrays_folder)` that returns a result line; the
            first ones start first.
        folder: Folder of the result lines.
        workers: Number of processes; by default one for each core.
        on_done: Called in this process with each new line, once it is stored.

    Raises:
        concurrent.futures.process.BrokenProcessPool: If a worker dies; what was finished is stored.
        OSError: If a line cannot be stored.
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

    Raises:
        OSError: If it cannot be stored; the file stays as it is.
    """
    old = path.read_bytes() if path.exists() else b""
    if old and not old.endswith(b"\n"):
        old += b"\n"
    write_whole(path, old + json.dumps(line).encode() + b"\n")
