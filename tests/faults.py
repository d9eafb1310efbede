"""Commands that are to fail, and what makes them: full disks, signals, other processes."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

LINE_BYTES = 400  # of run.json and of a result line there are more


def hidden(folder):
    """Names of what is half-written in a folder."""
    return [str(path) for path in folder.rglob(".*") if path.name != ".lock"]


def filled(command, **places):
    """A command with paths in the place of words such as RUN."""
    for name, place in places.items():
        command = [word.replace(name.upper(), str(place)) for word in command]
    return command


@contextlib.contextmanager
def room_for(size):
    """No file can grow beyond a number of bytes, as on a disk that is full."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def fill_disk(*_):
    """Within `room_for`, there is no more room."""
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (LINE_BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    )


def killed_at(module, name, run, time=1):
    """Calls a function in a process of its own, which is killed where it would call another one.

    That is at the first time, or a later one; whether it came to that is returned.
    """
    child = os.fork()
    if child == 0:
        called, times = getattr(module, name), iter(range(1, time))

        def act(*arguments, **options):
            if next(times, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return called(*arguments, **options)

        try:
            setattr(module, name, act)
            run()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def started(command, folder):
    """Starts a command in a process group of its own; `stderr` in the folder gets its errors."""
    with (
        open(folder / "stderr", "w") as stderr,
        subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_until(condition, process=None, seconds=120):
    """Waits for a condition that a process brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, "it has ended"
        time.sleep(0.02)


@contextlib.contextmanager
def other_process_in(folder):
    """Another process is at work in a folder."""
    code = "import keras_vabc.files.locks as r\nwith r.locked('.'): print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        yield
        process.communicate(b"\n")


@contextlib.contextmanager
def stopped(owner, name, when=lambda *_: True):
    """A training that Ctrl-C stops where a function is called."""
    function = getattr(owner, name)

    def stop(*arguments, **options):
        if when(*arguments):
            press_ctrl_c()
        return function(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, stop)
        yield


@contextlib.contextmanager
def at_epoch(number, act):
    """Calls a function in the middle of the training of V-ABC, before that epoch is stored."""
    from keras_vabc.recipes.progress import EpochReport  # not in workers without TensorFlow

    report = EpochReport.on_epoch_end

    def on_epoch_end(self, epoch, logs=None):
        report(self, epoch, logs)
        if epoch == number:
            act()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EpochReport, "on_epoch_end", on_epoch_end)
        yield
