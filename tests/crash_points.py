"""Stops every command at every call of a file operation, and compares what it leaves.

    python tests/crash_points.py
    python tests/crash_points.py --command sample-csv --site outputs.py

Each command runs once on tiny data, and its points are counted: each operation (a file opened for
writing, a write, a rename, a folder made or removed, ...) at each line of the package. Then it is
stopped at each of them, the first time and the last time that it is reached, by a failure and by a
kill, and runs again. A user's own files lie in every folder. They must stay as they are, earlier
results whole, a failure must leave nothing half-made, and the same command must succeed then and
leave nothing else. A line for each; exit code 1 if anything is at fault.

Every command is a fork of one process that has imported TensorFlow, and run nothing of it.
"""

import argparse
import atexit
import functools
import gc
import itertools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from crashing import cases, checks
from crashing.points import Stop, watch
from tensorflow.python.eager import context

from keras_vabc.cli.main import app

SECONDS = 300  # after which a command hangs


def run(root, words, act=lambda *_: None, counts_to=None):
    """Runs a command in a fork, in a folder: an `Ended`."""
    log = root.with_suffix(".log")
    pid = os.fork()
    if not pid:
        code = 70
        try:
            code = _run_here(root, words, act, counts_to, log)
        except BaseException:
            traceback.print_exc()
        finally:
            atexit._run_exitfuncs()
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(code)
    status = _waited(pid)
    return checks.Ended(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"))


def _run_here(root, words, act, counts_to, log):
    os.chdir(root)
    tempfile.tempdir = None
    os.environ |= {"HOME": str(root / "home"), "TMPDIR": str(root / "tmp")}
    os.environ["KERAS_VABC_CACHE"] = str(root / "home" / "cache")
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(file, 2)
    tempfile.gettempdir()  # which tries the folder with a file of its own
    counts = watch(act)
    try:
        app(words.split())
    except SystemExit as end:
        return end.code or 0
    finally:
        if counts_to is not None:
            points = [[*point, number] for point, number in counts.items()]
            counts_to.write_text(json.dumps(points))


def _waited(pid):
    end = time.monotonic() + SECONDS
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > end:
            os.kill(pid, signal.SIGALRM)  # whose code is no other fault's
        time.sleep(0.01)


def kill_before_model(point, count, path):
    """Kills a training when its model is written and has not yet its name."""
    if point[0] == "os.rename" and str(path).endswith("model.keras"):
        os.kill(os.getpid(), signal.SIGKILL)


class Starts:
    """The folders in which commands start, each made once."""

    def __init__(self, root):
        self._root, self._made = root, {}

    def folder(self, start):
        """The folder after the commands `start`, with the user's own files."""
        if start not in self._made:
            source = self.folder(start[:-1]) if start else None
            here = self._root / f"start{len(self._made)}"
            if start and start[-1].startswith("change "):
                cases.copy_start(source, here)
                with open(here / start[-1].removeprefix("change "), "ab") as file:
                    file.write(b"changed\n")
            elif start:
                cases.copy_start(source, here)
                killed = start[-1].endswith("!")
                act = kill_before_model if killed else (lambda *_: None)
                ended = run(here, start[-1].removesuffix("!"), act)
                if ended.code != (-9 if killed else 0):
                    raise RuntimeError(f"{start[-1]}: exit code {ended.code}: {ended.said}")
                if (here / "place/run").exists():
                    cases.add_own_files(here / "place/run")
            else:
                cases.make_data(here)
            self._made[start] = here
        return self._made[start]


class Subject:
    """A command, where it starts, and how it ends where nobody stops it."""

    def __init__(self, name, root, starts):
        self.name, self.command = name, cases.COMMANDS[name]
        self.start = starts.folder(self.command.start)
        here, counts = root / "reference", root / "counts.json"
        cases.copy_start(self.start, here)
        self.before = checks.snapshot(here)
        began = time.monotonic()
        ended = run(here, self.command.words, counts_to=counts)
        self.seconds = time.monotonic() - began
        self.final = checks.snapshot(here)
        own = [n for n in self.before if Path(n).name in map(_name, cases.OWN) or n[:4] == "data"]
        own = [name for name in own if name not in cases.OURS]
        self.faults = checks.after_reference(self.before, own, self.final, ended)
        self.counts = json.loads(counts.read_text())

    def cases(self, known=()):
        """Points, which time they are reached, and how the command is stopped there.

        Those of a variant that are `known` are left out.
        """
        for operation, site, count in self.counts:
            if self.command.variant and (operation, site) in known:
                continue
            for number in sorted({1, count}):
                for kind in ("fail", "kill"):
                    yield operation, site, number, count, kind

    def stopped(self, case, root):
        """Stops the command in a folder, runs it again: a list of faults."""
        operation, site, number, _, kind = case
        cases.copy_start(self.start, root)
        ended = run(root, self.command.words, Stop(operation, site, number, kind))
        faults = checks.after_stop(
            self.command, (operation, site), kind, root, self.before, self.final, ended
        )
        ended = run(root, self.command.words)
        return faults + checks.after_again(self.command, root, self.before, self.final, ended)


def _name(own):
    return Path(own).name


def in_forks(jobs, tasks, root):
    """Yields `(task, faults)` of tasks, called with a folder each in as many forks at a time."""
    running, tasks = {}, iter(tasks)
    free = list(range(jobs))
    while True:
        for task in itertools.islice(tasks, len(free)):
            slot = free.pop()
            pid = os.fork()
            if not pid:
                try:
                    faults = task[0](root / f"slot{slot}")
                except BaseException:
                    faults = [traceback.format_exc()]
                (root / f"result{slot}").write_text(json.dumps(faults))
                os._exit(0)
            running[pid] = slot, task
        if not running:
            return
        slot, task = running.pop(os.wait()[0])
        free.append(slot)
        yield task, json.loads((root / f"result{slot}").read_text())


class Outcome:
    """What was told of every stop: how many there were, and how many are at fault."""

    def __init__(self):
        self.count = self.faulty = 0

    def tell(self, text, faults, counts=True):
        """Prints a line."""
        print(f"{text}: {'FAULT ' + ' | '.join(faults) if faults else 'ok'}", flush=True)
        self.count += counts
        self.faulty += bool(faults)


def all_stops(names, site, root, outcome):
    """Runs each command, and yields `(subject, case)` of its stops."""
    starts, known = Starts(root), set()
    for name in names:
        subject = Subject(name, root, starts)
        own = [case for case in subject.cases(known) if site in case[1]]
        text = f"{name} never stopped, {subject.seconds:.1f} s, {len(own)} stops"
        outcome.tell(text, subject.faults, counts=False)
        known |= {(operation, place) for operation, place, _ in subject.counts}
        yield from ((subject, case) for case in own)


def main(names, site, jobs, seconds, seed, only_list):
    """Stops the commands; returns the exit code."""
    cases.make_small()
    if context.context()._initialized:
        raise RuntimeError("TensorFlow has run something, and would hang in a fork.")
    gc.collect()
    gc.freeze()  # or each fork copies what the collector looks at
    root, began, outcome = Path(tempfile.mkdtemp(prefix="crash-points-")), time.time(), Outcome()
    try:
        stops = all_stops(names, site, root, outcome)
        if only_list or seed is not None:
            stops = [] if only_list and list(stops) else list(stops)
            random.Random(seed).shuffle(stops)
        tasks = (
            (functools.partial(subject.stopped, case), subject, case)
            for subject, case in stops
            if seconds is None or time.time() - began < seconds
        )
        for (_, subject, case), faults in in_forks(jobs, tasks, root):
            operation, place, number, times, kind = case
            outcome.tell(f"{subject.name} {operation} {place} {number}/{times} {kind}", faults)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    seconds = time.time() - began
    print(f"{outcome.count} stops in {seconds:.0f} s, {outcome.faulty} at fault")
    return int(outcome.faulty > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", action="append", choices=list(cases.COMMANDS))
    parser.add_argument("--part", choices=["all", "short"], default="all")
    parser.add_argument("--site", default="", help="stop only where this is part of the place")
    parser.add_argument("--list", action="store_true", help="count the stops, and stop nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, help="begin no other stop after so many")
    parser.add_argument("--seed", type=int, help="of the order of stops; without it as they come")
    given = parser.parse_args()
    chosen_names = given.command or (cases.SHORT if given.part == "short" else cases.COMMANDS)
    sys.exit(main(chosen_names, given.site, given.jobs, given.seconds, given.seed, given.list))
