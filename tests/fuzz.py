"""Damages files and feeds them to every reader of the command line.

    python tests/fuzz.py --mutations 10000 --out docs/results/fuzz.json

Data as IDX, npy, npz, CSV and Parquet files and as folders of images; the record of a run, its
models, arrays and checkpoints; and whole commands. Each damaged file is either read, with a whole
and finite result, or refused in one line. A fault is everything else: another exception, a warning,
more than 20 seconds or 1 GiB, a crash, a file outside of the folder that a reader may write to, or
half of one in it, a program or a part of the file that is run. Exit code 1 if there is one.

The readers run in a process of their own, which is replaced when it hangs or crashes. A seed makes
the same mutations again, `--case NUMBER` one of them, with its traceback.
"""

import argparse
import collections
import dataclasses
import datetime
import json
import logging
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from keras_vabc.recipes.starting import start_tensorflow

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

ROOM = 4 * 2**30  # address space that a worker has beside what it needs to start
PATIENCE = 60  # seconds after which a worker is killed that did not stop itself
START = 600  # seconds that a worker may take to start
PACKAGES = ("keras_vabc", "keras", "tensorflow", "numpy", "pillow", "pyarrow", "h5py")


def work(connection, root, seed):
    """What the worker does: for each number that it gets, a case, whose kind it tells first."""
    sys.dont_write_bytecode = True
    start_tensorflow()
    logging.getLogger("tensorflow").setLevel("ERROR")  # many models in one process are no news
    from fuzzing.cases import kind_of
    from fuzzing.sandbox import Sandbox

    with Sandbox(root) as sandbox:
        if sys.platform == "linux":
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * resource.getpagesize() + ROOM
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        connection.send("ready")
        while (number := connection.recv()) is not None:
            connection.send(kind_of(number, seed)[0])
            connection.send(dataclasses.asdict(sandbox.run(number, seed)))


class Worker:
    """A process that reads damaged files, and another one after it has died.

    Args:
        root: Folder in which it works.
        seed: Seed of all cases.
    """

    def __init__(self, root, seed):
        self._arguments, self._process = (root, seed), None

    def run(self, number):
        """What became of a case, a dict of the attributes of `Result`."""
        if self._process is None:
            self._start()
        kind, outcome = "unknown", "hang"
        try:
            self._connection.send(number)
            kind = self._connection.recv()
            if self._connection.poll(PATIENCE):
                return self._connection.recv()
        except (EOFError, OSError):
            outcome = "crash"
        self._process.kill()
        self._process.join()
        detail, self._process = f"exit code {self._process.exitcode}", None
        return {"kind": kind, "outcome": outcome, "detail": detail, "seconds": 0.0, "memory": 0}

    def close(self):
        """Ends the process."""
        if self._process is not None:
            self._connection.send(None)
            self._process.join()

    def _start(self):
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        arguments = (other, *self._arguments)
        self._process = context.Process(target=work, args=arguments, daemon=True)
        self._process.start()
        other.close()
        if not self._connection.poll(START) or self._connection.recv() != "ready":
            raise RuntimeError("The worker did not start.")


def main(mutations, seed, out):
    """Runs all cases; returns the exit code."""
    began, results = time.monotonic(), []
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with tempfile.TemporaryDirectory(prefix="fuzz-") as root:
        worker = Worker(root, seed)
        with Progress(*columns, TextColumn("{task.fields[faults]} faults")) as progress:
            task, faults = progress.add_task("Mutations", total=mutations, faults=0), 0
            for number in range(mutations):
                results.append(worker.run(number))
                if is_fault(results[-1]):
                    faults += 1
                    progress.console.print(number, results[-1], markup=False)
                progress.update(task, advance=1, faults=faults)
        worker.close()
    summary = summarized(results) | {"seconds": round(time.monotonic() - began)}
    command = f"python tests/fuzz.py --mutations {mutations} --seed {seed}"
    summary = {"command": command, "seed": seed, "mutations": mutations} | summary
    print(json.dumps(summary["outcomes"]))
    if out is not None:
        temporary = out.with_suffix(".tmp")
        temporary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, out)
    return int(any(map(is_fault, results)))


def is_fault(result):
    """Whether a rule was broken."""
    return result["outcome"] not in ("read", "refused")


def summarized(results):
    """Counts by kind of input and by outcome, the worst case, and all faults."""
    kinds = collections.defaultdict(collections.Counter)
    for result in results:
        kinds[result["kind"]][result["outcome"]] += 1
    return {
        "date": datetime.date.today().isoformat(),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "inputs": {kind: dict(sorted(counts.items())) for kind, counts in sorted(kinds.items())},
        "outcomes": dict(sum(kinds.values(), collections.Counter())),
        "slowest_seconds": round(max(result["seconds"] for result in results), 2),
        "most_memory_mib": max(result["memory"] for result in results) >> 20,
        "faults": [
            {"case": number} | {name: result[name] for name in ("kind", "outcome", "detail")}
            for number, result in enumerate(results)
            if is_fault(result)
        ],
    }


def show(number, seed):
    """Runs one case in this process; what its reader raises is not caught."""
    from fuzzing.sandbox import Sandbox

    with tempfile.TemporaryDirectory(prefix="fuzz-") as root, Sandbox(root) as sandbox:
        kind, read = sandbox.prepare(number, seed)
        print(kind)
        read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file of the counts")
    parser.add_argument(
        "--case", type=int, metavar="NUMBER", help="run one case again, and show it"
    )
    arguments = parser.parse_args()
    if arguments.case is not None:
        show(arguments.case, arguments.seed)
    else:
        sys.exit(main(arguments.mutations, arguments.seed, arguments.out))
