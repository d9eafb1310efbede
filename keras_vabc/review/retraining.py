"""A training on what was decided, in a process of its own, and what it changed."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

from keras_vabc.data.readers.tfds_split import PREFIX
from keras_vabc.files.writing import write_whole
from keras_vabc.pages.console import command_line, plain
from keras_vabc.recipes.record import MEMORY
from keras_vabc.review.comparing import comparison

LINES = 200  # of what the training says that are kept
PATIENCE = 30  # seconds for the end of a training that was stopped
CODE = "from keras_vabc.cli.main import main; main()"
NAME = re.compile(r"[\w][\w .-]{0,99}")  # of a folder beside that of the run
NONE, RUNNING, COMPARING = "none", "running", "comparing"
FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"


class Retraining:
    """Trains anew from a run under review, one training at a time.

    It is the command `keras-vabc train --from RUN --reviewed FILE`: whoever stops it can go on with
    it there.

    Args:
        desk: `Desk`.
    """

    def __init__(self, desk):
        self._desk, self._lock = desk, threading.Lock()
        self._process = self._thread = None
        self._forget()

    def _forget(self):
        self.state, self._lines, self._began, self._seconds = NONE, deque(maxlen=LINES), None, 0
        self.out, self._command, self._compared, self._stopping = None, None, None, False

    def refusal(self):
        """Why nothing can be trained, in one line; `None` where it can."""
        desk = self._desk
        if not desk.is_unlabeled:
            return "Decisions on other data than the unlabeled ones of the run train nothing."
        data = desk.run.record.data
        if desk.run.folder is None or MEMORY in (data.unlabeled[:6], data.unwanted[:6]):
            return "The data of this run were in memory: train from Python, with the export."
        if not desk.state.codes.any():
            return "Nothing is decided yet."
        if desk.state.codes.all():
            return "All is decided: leave something to estimate the rest from."
        return None

    def free_name(self):
        """A name of a new folder beside that of the run."""
        folder = self._desk.run.folder
        number = 2
        while os.path.lexists(folder.with_name(f"{folder.name}-{number}")):
            number += 1
        return f"{folder.name}-{number}"

    def start(self, name):
        """Starts a training into the folder of that name beside the run.

        Raises a `ValueError` if it cannot, an `OSError` if the decisions cannot be written.
        """
        with self._lock:
            if self.state in (RUNNING, COMPARING):
                raise ValueError("A training is going on.")
            if refused := self.refusal():
                raise ValueError(refused)
            if not NAME.fullmatch(name) or name != name.strip():
                raise ValueError("The name must be that of a folder, without slashes.")
            self._forget()
            self.out = self._desk.run.folder.with_name(name)
            self._command = self._arguments(self._reviewed())
            self._process = subprocess.Popen(
                [sys.executable, "-c", CODE, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"},
                start_new_session=True,  # a signal to the page is none to the training
            )
            self.state, self._began = RUNNING, time.monotonic()
            self._thread = threading.Thread(target=self._follow, daemon=True)
            self._thread.start()

    def stop(self):
        """Stops a training, if one goes on; it keeps what it finished."""
        with self._lock:
            if self.state != RUNNING:
                return
            self._stopping = True
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def close(self):
        """Stops a training, and waits for its end, but not for ever."""
        self.stop()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def told(self):
        """What the page shows: a dict."""
        if self.state == RUNNING:
            self._seconds = time.monotonic() - self._began
        return {
            "state": self.state,
            "refusal": self.refusal(),
            "name": None if self.out is None else self.out.name,
            "free": None if self._desk.run.folder is None else self.free_name(),
            "seconds": round(self._seconds),
            "lines": list(self._lines),
            "command": self._command and plain(command_line(["keras-vabc", *self._command])),
            "compared": self._compared,
        }

    def _reviewed(self):
        """The file of decisions, one for each state of the log, so that a training can go on."""
        path = self._desk.run.folder / f"reviewed-{self._desk.state.line}.csv"
        text = self._desk.reviewed().encode()
        if os.path.lexists(path):
            if path.is_symlink() or path.read_bytes() != text:
                raise FileExistsError(f"{path} is another file than the decisions; move it away.")
        else:
            write_whole(path, text)
        return path

    def _arguments(self, reviewed):
        run = self._desk.run
        settings, data = run.record.settings, run.record.data
        places = {"unlabeled": data.unlabeled, "unwanted": data.unwanted, "out": self.out}
        for name in ("unlabeled", "unwanted"):
            place = places[name]
            if not place.startswith(PREFIX) and not Path(place).exists():
                raise FileNotFoundError(f"{name} must be where the run read it: {place}.")
        given = places | {
            "from": run.folder,
            "reviewed": reviewed,
            "prefer": settings.prefer,
            "max-unreadable": settings.max_unreadable,
            "seed": settings.seed,
        }
        counts = run.record.counts
        more = counts["unwanted"].read > counts["unlabeled"].read
        options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        return ["train", *options, *(["--yes"] if more else [])]

    def _follow(self):
        with self._process.stdout as said:
            for line in said:
                self._lines.append(plain(line.rstrip("\n")))
        code = self._process.wait()
        self._seconds = time.monotonic() - self._began
        if code != 0:
            self.state = STOPPED if self._stopping else FAILED
            return
        self.state = COMPARING
        try:
            self._compared = comparison(self._desk, self.out)
            self.state = FINISHED
        except (ValueError, OSError, RuntimeError) as error:
            self._lines.append(plain(f"The two runs cannot be compared: {error}"))
            self.state = FAILED
