"""Many runs in worker processes: each finished one is stored at once, and none is run twice."""

import json
from concurrent.futures import as_completed
from pathlib import Path

from keras_vabc.experiments.workers import worker_pool

RESULTS = "results.jsonl"
ARRAYS = "arrays"


def stored_lines(folder):
    """Result lines of finished runs by key, without the broken last line of a killed sweep."""
    path = Path(folder, RESULTS)
    lines = {}
    if path.exists():
        for text in path.read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            lines[line["key"]] = line
    return lines


def sweep(jobs, folder, workers=None, on_done=lambda line: None):
    """Runs the jobs that have no stored line yet, and stores each line as it comes.

    Args:
        jobs: Objects with a `key` and a method `run(arrays_folder)` that returns a result line; the
            first ones start first.
        folder: Folder of the result lines.
        workers: Number of processes; by default one for each core.
        on_done: Called in this process with each new line, once it is stored.

    Raises:
        concurrent.futures.process.BrokenProcessPool: If a worker dies; what was finished is stored.
    """
    folder = Path(folder)
    (folder / ARRAYS).mkdir(parents=True, exist_ok=True)
    done = stored_lines(folder)
    missing = [job for job in jobs if job.key not in done]
    with worker_pool(workers) as pool:
        futures = [pool.submit(job.run, str(folder / ARRAYS)) for job in missing]
        try:
            for future in as_completed(futures):
                line = future.result()
                append_line(folder / RESULTS, line)
                on_done(line)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def append_line(path, line):
    """Appends on a line of its own, also where a killed sweep left half a line at the end."""
    broken = path.exists() and not path.read_bytes().endswith(b"\n")
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n" * broken + json.dumps(line) + "\n")
