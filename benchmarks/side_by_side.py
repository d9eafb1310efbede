"""Contestants that take turns, each in a process of its own.

All contestants stay alive, and only the one whose turn it is works: the others wait at a pipe. So
the thread pools of two frameworks never compete, and a slow minute of the machine hits all alike.
"""

import dataclasses
import importlib.util
import multiprocessing
import os
import re
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np

THREAD_VARIABLES = (  # read by a process when its libraries load
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
LOG_TAIL = 2000  # characters of a failed contestant's output that are shown


@dataclasses.dataclass(frozen=True)
class Contestant:
    """What is measured, and what it needs.

    Attributes:
        name: Its name in tables and ratios.
        build: Function of a module, called once in the contestant's process; it returns a function
            without arguments that takes one turn and returns the result, usually seconds.
        arguments: Keyword arguments of `build`.
        needs: Package without which the contestant is left out.
    """

    name: str
    build: Callable
    arguments: dict = dataclasses.field(default_factory=dict)
    needs: str | None = None


def take_turns(contestants, rounds):
    """Lets each contestant take a turn in each round, after one turn that does not count.

    Args:
        contestants: List of `Contestant`s; one whose package is missing is left out, with a line
            that says so.
        rounds: Number of rounds.

    Returns:
        Dict from each name to the list of its results, one a round.

    Raises:
        RuntimeError: If a contestant fails; the end of its output is part of the message.
    """
    present = [one for one in contestants if _is_present(one)]
    processes = []
    try:
        for contestant in present:
            processes.append(_Process(contestant))
            processes[-1].turn()
        results = [[process.turn() for process in processes] for _ in range(rounds)]
    finally:
        for process in processes:
            process.end()
    by_name = zip(*results, strict=True)
    return {one.name: list(turns) for one, turns in zip(present, by_name, strict=True)}


def measured_alone(contestant):
    """The result of one turn in a fresh process."""
    process = _Process(contestant)
    try:
        return process.turn()
    finally:
        process.end()


def timed(function, count):
    """A turn that calls a function, and returns the seconds of one of the `count` that it makes."""

    def turn():
        start = time.perf_counter()
        function()
        return (time.perf_counter() - start) / count

    return turn


def median_ratio(values, over, under):
    """Median over the rounds of one contestant's figure over another's; None if one is missing."""
    if over not in values or under not in values:
        return None
    return float(np.median(np.divide(values[over], values[under])))


def peak_bytes():
    """Most memory that this process has had resident so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        (peak,) = re.findall(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="utf-8"))
        return int(peak) * 1024
    import resource  # on Linux its peak includes that of the process which started this one

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS


def _is_present(contestant):
    if contestant.needs is None or importlib.util.find_spec(contestant.needs):
        return True
    print(f"{contestant.name} is left out: the package {contestant.needs} is not installed.")
    return False


class _Process:
    """A contestant's process and this end of its pipe."""

    def __init__(self, contestant):
        context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        self.name = contestant.name
        self.log = tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace")
        self.pipe, far_end = context.Pipe()
        arguments = (far_end, self.log.name, contestant.build, contestant.arguments)
        self.process = context.Process(target=_serve, args=arguments)
        self.process.start()
        far_end.close()

    def turn(self):
        """Lets the contestant take a turn and waits for its result."""
        try:
            self.pipe.send("turn")
            result, error = self.pipe.recv()
        except (EOFError, OSError):
            result, error = None, "It died."
        if error is not None:
            raise RuntimeError(f"{self.name} failed.\n{self.log.read()[-LOG_TAIL:]}\n{error}")
        return result

    def end(self):
        """Ends the process."""
        self.pipe.close()
        self.process.join(10)
        self.process.kill()
        self.log.close()


def _serve(pipe, log, build, arguments):
    """The process of a contestant: builds it and takes a turn for each message, until the end."""
    with open(log, "w") as file:  # what the frameworks print to either stream
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    turn = None
    try:
        while pipe.recv():
            turn = turn or build(**arguments)
            pipe.send((turn(), None))
    except EOFError:
        return
    except Exception:
        pipe.send((None, traceback.format_exc()))
